"""The IMS's door: a signed push that there is news."""

from typing import Any

from django.http import HttpRequest
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.schema import refused
from inventory import services
from inventory.errors import PushNotAccepted


class ReceivedOutput(serializers.Serializer[Any]):
    received = serializers.BooleanField()


class InventoryWebhookView(APIView):
    """Signed over the raw bytes, so nothing may read or change them before."""

    authentication_classes: tuple[()] = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="receiveInventoryPush",
        tags=["webhooks"],
        summary="The inventory system has news",
        description="Signed with X-Inventory-Signature. A hint only: what is new is read from the change feed.",
        auth=[],
        parameters=[OpenApiParameter("X-Inventory-Signature", str, OpenApiParameter.HEADER, required=True)],
        request={"application/json": OpenApiTypes.OBJECT},
        responses={200: ReceivedOutput, **refused(PushNotAccepted)},
        examples=[
            OpenApiExample("request", value={"event": "changes"}, request_only=True),
            OpenApiExample("answer", value={"received": True}, response_only=True, status_codes=["200"]),
        ],
    )
    def post(self, request: Request) -> Response:
        raw: HttpRequest = request._request  # noqa: SLF001 (the bytes as they came, before any parser)
        services.accept_push(headers=raw.headers, body=raw.body)
        return Response({"received": True})
