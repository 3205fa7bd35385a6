"""How the tests of the shop window ask, and what they look at in the answers."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.utils import timezone

Get = Callable[..., Any]  # the fixture `get`
LIST = "/api/v1/containers"
TODAY = timezone.now().date()


def day(offset: int) -> str:
    return (TODAY + timedelta(days=offset)).isoformat()


def days(first: int, last: int) -> dict[str, str]:
    return {"from": day(first), "to": day(last)}


def names(page: Any) -> list[str]:
    return [container["name"] for container in page["results"]]


def skus(page: Any) -> list[str]:
    return [variant["sku"] for container in page["results"] for variant in container["variants"]]


def free(page: Any) -> int:
    """How many of the first variant can be rented at the first depot."""
    count: int = page["results"][0]["variants"][0]["availability"][0]["rental"]
    return count


def pointers(problem: Any) -> list[str]:
    return [error["pointer"] for error in problem["errors"]]
