"""What every answer keeps to, whoever made it."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

Answer = Callable[[HttpRequest], HttpResponseBase]


def keep_to_the_protocol(get_response: Answer) -> Answer:
    """The answer to HEAD has the headers of the one to GET and no body; `Allow` names only what is answered."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if request.method == "HEAD":
            _empty(response)
        if "OPTIONS" in (allowed := response.get("Allow", "")):  # DRF names it; the OpenAPI document tells more
            response["Allow"] = ", ".join(name for name in allowed.split(", ") if name != "OPTIONS")
        return response

    return answer


def _empty(response: Any) -> None:
    if response.streaming:
        response.streaming_content = []
    else:
        response.content = b""
