"""The product's addresses and the yardstick: as little as an answer in JSON can be, behind the same middleware."""

import os

from django.http import HttpRequest, JsonResponse
from django.urls import path

from config.urls import handler400, handler403, handler404, handler500, urlpatterns


def hello(_request: HttpRequest) -> JsonResponse:
    return JsonResponse({"hello": "world", "cats": ["Miso", "Momo", "Minka"], "carriers": 3, "free": True})


def worker(_request: HttpRequest) -> JsonResponse:
    """Which process holds this connection."""
    return JsonResponse({"worker": os.getpid()})


urlpatterns = [path("hello", hello), path("worker", worker), *urlpatterns]

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]
