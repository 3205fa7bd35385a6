"""The product's addresses, and two views that are out of order."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.urls import handler400, handler403, handler404, handler500
from core.idempotency import idempotent

SECRET = "postgres://shop:hunter2@10.0.0.5/shop of mia@example.com"

__all__ = ["SECRET", "handler400", "handler403", "handler404", "handler500", "urlpatterns"]


class Broken(APIView):
    """Breaks as often as `breaks` says, then works."""

    breaks = 0

    def get(self, request: Request) -> Response:
        raise RuntimeError(SECRET)

    @idempotent(atomic=True)
    def post(self, request: Request) -> Response:
        if Broken.breaks > 0:
            Broken.breaks -= 1
            raise RuntimeError(SECRET)
        return Response({"done": True}, status=201)


def broken_page(request: HttpRequest) -> HttpResponse:
    raise RuntimeError(SECRET)


urlpatterns: list[Any] = [
    path("api/v1/broken", Broken.as_view()),
    path("broken", broken_page),
    path("", include("config.urls")),
]
