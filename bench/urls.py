"""The product's addresses and the yardstick: as little as an answer in JSON can be, behind the same middleware."""

from django.http import HttpRequest, JsonResponse
from django.urls import path

from config.urls import handler400, handler403, handler404, handler500, urlpatterns


def hello(_request: HttpRequest) -> JsonResponse:
    return JsonResponse({"hello": "world", "cats": ["Miso", "Momo", "Minka"], "carriers": 3, "free": True})


urlpatterns = [path("hello", hello), *urlpatterns]

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]
