"""Entrances that belong to no app: health, what became of a request, what an error code means."""

import functools
from typing import Any

from django.db import Error as DatabaseProblem
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.templatetags.static import static
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.error_codes import every_error
from core.models import IdempotencyKey
from core.problems import read_only


@read_only
def livez(_request: HttpRequest) -> HttpResponse:
    """The process answers. Says nothing about the database, so that a broken one does not restart every process."""
    return JsonResponse({"status": "ok"})


@read_only
def readyz(_request: HttpRequest) -> HttpResponse:
    """Send customers here: the database answers and its schema is this version's."""
    try:
        require_current_schema()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except MigrationsPending:
        return JsonResponse({"status": "migrations pending"}, status=503)
    except DatabaseProblem:
        return JsonResponse({"status": "database unreachable"}, status=503)
    return JsonResponse({"status": "ok"})


class MigrationsPending(Exception):
    """The database is older than this code."""


@functools.cache
def require_current_schema() -> None:
    """Reads every migration, so a yes is remembered for the life of the process; a no is not.

    Raises: MigrationsPending.
    """
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise MigrationsPending


@read_only
def error_codes(request: HttpRequest) -> HttpResponse:
    """Every code that a problem document may carry, and what to do about it: the `type` of each problem points here."""
    return render(request, "errors.html", {"errors": every_error()})


@read_only
def front_door(_request: HttpRequest) -> HttpResponse:
    """Whoever looks at the bare address wants to know what this is."""
    return redirect("docs")


@read_only
def favicon(_request: HttpRequest) -> HttpResponse:
    """Where browsers look for the logo of a page that names none."""
    return redirect(static("config/favicon.svg"))


@read_only
def admin_entrance(_request: HttpRequest) -> HttpResponse:
    """For whoever types the address without its slash."""
    return redirect("admin:index")


class OperationOutput(serializers.Serializer[Any]):
    """What became of a request. `answer` is its body, once it has one."""

    state = serializers.ChoiceField(choices=IdempotencyKey.State.choices)
    operation = serializers.CharField()
    started_at = serializers.DateTimeField()
    status = serializers.IntegerField(allow_null=True)
    answer = serializers.JSONField(allow_null=True)


class OperationView(APIView):
    @extend_schema(
        operation_id="getOperation",
        tags=["operations"],
        summary="What became of a request whose answer was lost",
        parameters=[OpenApiParameter("key", str, OpenApiParameter.PATH, description="Its Idempotency-Key.")],
        responses=OperationOutput,
        examples=[
            OpenApiExample(
                "answer",
                value={
                    "state": "succeeded",
                    "operation": "POST /api/v1/orders",
                    "started_at": "2027-04-20T09:05:12Z",
                    "status": 201,
                    "answer": {"number": "CT-7K3M-9QXP-2RTV", "status": "pending_payment"},
                },
                response_only=True,
            )
        ],
    )
    def get(self, request: Request, key: str) -> Response:
        row = get_object_or_404(IdempotencyKey, owner=str(request.user.pk), key=key)
        return Response(
            {
                "state": row.state,
                "operation": row.operation,
                "started_at": row.created_at,
                "status": row.response_status,
                "answer": row.response_body,
            }
        )
