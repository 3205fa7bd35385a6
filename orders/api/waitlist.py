"""Places in the waitlist over HTTP."""

from uuid import UUID

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api import KeysetPagination, parse, user_id
from core.idempotency import idempotent
from orders import services
from orders.api import examples
from orders.api.serializers import WaitlistInput, WaitlistOutput
from orders.models import WaitlistEntry
from orders.selectors import waitlist_answer


class WaitlistView(APIView):
    pagination_class = KeysetPagination

    @extend_schema(
        operation_id="joinWaitlist",
        tags=["waitlist"],
        summary="Wait for something that is short",
        description="When it is free, whoever came first has it held by an unpaid order for half an hour, and is told "
        "by mail and push. Paid, it is theirs; else whoever is next has it.",
        request=WaitlistInput,
        responses={201: WaitlistOutput, **examples.WAIT_REFUSED},
        examples=[examples.asked(examples.WAIT_REQUEST), examples.answered(examples.WAITING)],
    )
    @idempotent(atomic=True)
    def post(self, request: Request) -> Response:
        asked = WaitlistInput.request(parse(WaitlistInput, request.data), settings.DEFAULT_CURRENCY)
        entry = services.join_waitlist(customer_id=user_id(request), request=asked)
        return Response(waitlist_answer(entry), status=status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="listWaitlist",
        tags=["waitlist"],
        summary="What I wait for, and what came of it, newest first",
        responses=WaitlistOutput(many=True),
        examples=[examples.answered(examples.WAITING)],
    )
    def get(self, request: Request) -> Response:
        pages = self.pagination_class()
        rows = WaitlistEntry.objects.visible_to(request.user).select_related("depot", "variant__container", "order")
        page = pages.paginate_queryset(rows, request, view=self) or []
        return pages.get_paginated_response([waitlist_answer(entry) for entry in page])


class WaitlistEntryView(APIView):
    @extend_schema(
        operation_id="leaveWaitlist",
        tags=["waitlist"],
        summary="Wait no longer",
        description="The unpaid order that holds what was waited for is cancelled, if there is one.",
        responses={204: None, **examples.LEAVE_REFUSED},
    )
    def delete(self, request: Request, entry_id: UUID) -> Response:
        services.leave_waitlist(customer_id=user_id(request), entry_id=entry_id)
        return Response(status=status.HTTP_204_NO_CONTENT)
