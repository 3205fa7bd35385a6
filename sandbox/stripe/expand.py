"""`expand[]`: ids in an answer, replaced by the objects they name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.stripe import contract
from sandbox.stripe.errors import ApiError, Json

Load = Callable[[str], Json | None]
Include = Callable[[Json, str], Any]
"""(object, field) -> the value of a field that is only sent when it is asked for, or None."""

_DEEPEST = 4


def expanded(answer: Json, paths: list[str], load: Load, include: Include) -> Json:
    """The answer with every path followed. Raises: ApiError for what cannot be expanded."""
    for path in paths:
        parts = path.removeprefix("data.").split(".") if answer.get("object") == "list" else path.split(".")
        if len(parts) > _DEEPEST:
            raise ApiError(f"You cannot expand more than {_DEEPEST} levels of a property. Property: {path}")
        _Walk(path, load, include).down(answer, path.split("."))
    return answer


class _Walk:
    def __init__(self, path: str, load: Load, include: Include) -> None:
        self._path, self._load, self._include = path, load, include

    def down(self, target: Json, parts: list[str]) -> None:
        if not parts:
            return
        name, rest = parts[0], parts[1:]
        if target.get("object") == "list" and name == "data":
            for member in target["data"]:
                self.down(member, rest)
            return
        value = target[name] = self._value(target, name)
        if isinstance(value, dict):
            self.down(value, rest)

    def _value(self, target: Json, name: str) -> Any:
        value = target[name] if name in target else self._include(target, name)
        if name not in target and value is None and not contract.can_be_null(target.get("object", ""), name):
            raise self._refused()
        if isinstance(value, str) and name != "id":
            value = self._load(value)
            if value is None:
                raise self._refused()
        if value is not None and not isinstance(value, dict):
            raise self._refused()
        return value

    def _refused(self) -> ApiError:
        return ApiError(f"This property cannot be expanded ({self._path}).", param="expand")
