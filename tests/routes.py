"""Every address of the API, from the URLconf itself, so that tests which walk them all forget no new one."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

API = "/api/v1/"
PUBLIC = (
    "auth/register",
    "auth/token",
    "auth/refresh",
    "auth/logout",
    "webhooks/stripe",
    "webhooks/inventory",
    "calendar/{secret}/rentals.ics",
)


@dataclass(frozen=True)
class Route:
    method: str  # "get"
    path: str  # "/api/v1/orders/{number}"

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"

    @property
    def public(self) -> bool:
        """No access token is needed."""
        return self.path.removeprefix(API) in PUBLIC

    @property
    def takes_body(self) -> bool:
        return self.method in {"post", "put", "patch"}

    @property
    def parameters(self) -> list[str]:
        return re.findall(r"{(\w+)}", self.path)

    def at(self, **values: Any) -> str:
        """The address, with these values for its parameters."""
        return self.path.format(**values)


def api_routes() -> list[Route]:
    """Every operation under /api/v1/."""
    found = [
        Route(method, "/" + path)
        for path, pattern in _patterns(get_resolver().url_patterns, "")
        if path.startswith(API.lstrip("/"))
        for method in _methods(pattern.callback)
    ]
    return sorted(found, key=lambda route: (route.path, route.method))


METHODS = ("get", "head", "post", "put", "patch", "delete", "options", "trace", "brew")


def wrong_methods() -> list[Route]:
    """Every method that an address outside the staff pages does not know, by address."""
    return [
        Route(method, "/" + path)
        for path, pattern in _patterns(get_resolver().url_patterns, "")
        if not path.startswith("admin/")
        for method in METHODS
        if method not in _known(pattern.callback)
    ]


def _known(view: Any) -> set[str]:
    known = set(_methods(view)) if hasattr(view, "view_class") or hasattr(view, "actions") else {"get"}
    return known | {"head"} if "get" in known else known


def _patterns(patterns: list[Any], above: str) -> Iterator[tuple[str, URLPattern]]:
    for entry in patterns:
        path = above + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(entry.pattern))
        if isinstance(entry, URLResolver):
            yield from _patterns(entry.url_patterns, path)
        else:
            yield path, entry


def _methods(view: Any) -> list[str]:
    actions = getattr(view, "actions", None)
    known = ("get", "post", "put", "patch", "delete")
    return [m for m in known if (m in actions if actions else hasattr(view.view_class, m))]
