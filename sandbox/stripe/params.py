"""Requests, checked against the SDK's own parameter types.

`stripe.params` holds one TypedDict for each call, generated from Stripe's specification and locked to its version: an
unknown name (nested ones too), a missing one, a number that is none or a value outside its list is refused with the
words Stripe uses. Each type is compiled once into a function.
"""

from __future__ import annotations

import functools
import re
import sys
import types
import typing
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Literal, Union, get_args, get_origin

import stripe
import stripe.params
import stripe.params.checkout
import typing_extensions
from stripe._stripe_object import UntypedStripeObject

from sandbox.stripe.errors import ApiError, required

Check = Callable[[Any, str], Any]
"""(what was sent, its name) -> the value with its type. Raises ApiError."""

_NEVER_PARAMETERS = frozenset(stripe.RequestOptions.__annotations__)  # the SDK's own options, mixed into every type
_INTEGER = re.compile(r"-?\d{1,18}")


def check(name: str, sent: dict[str, Any]) -> dict[str, Any]:
    """The parameters of the call whose SDK type is `name`, typed. Raises: ApiError."""
    return typing.cast("dict[str, Any]", _checker(name)(sent, ""))


@functools.cache
def _checker(name: str) -> Check:
    module, _, typed_dict = name.rpartition(".")
    return _hash(getattr(stripe.params.checkout if module == "checkout" else stripe.params, typed_dict))


@functools.cache
def _hash(typed_dict: type) -> Check:
    fields = _lazy_fields(typed_dict)
    needed = sorted(typed_dict.__required_keys__ - _NEVER_PARAMETERS)  # type: ignore[attr-defined]

    def run(sent: Any, name: str) -> dict[str, Any]:
        if not isinstance(sent, dict):
            raise ApiError("Invalid object", param=name)
        checks = fields()
        if unknown := [_inside(name, key) for key in sent if key not in checks]:
            raise _unknown(unknown)
        for key in needed:
            if key not in sent:
                raise required(_inside(name, key))
        return {key: checks[key](value, _inside(name, key)) for key, value in sent.items()}

    return run


def _lazy_fields(typed_dict: type) -> Callable[[], dict[str, Check]]:
    """Nested types are compiled when they are first used: a call has up to 170 of them."""

    @functools.cache
    def fields() -> dict[str, Check]:
        module = vars(sys.modules[typed_dict.__module__])
        names = {**module, "Mapping": Mapping, "StripeContext": str}
        hints = typing_extensions.get_type_hints(typed_dict, globalns=names)
        return {key: compiled(hint) for key, hint in hints.items() if key not in _NEVER_PARAMETERS}

    return fields


def compiled(hint: Any) -> Check:
    """The check of one annotation."""
    origin = get_origin(hint)
    if typing_extensions.is_typeddict(hint):
        return _hash(hint)
    if origin is Literal:
        return _enum(tuple(get_args(hint)))
    if origin is list:
        return _list(compiled(get_args(hint)[0]))
    if origin is dict:
        return _map(compiled(get_args(hint)[1]))
    if origin in (Union, types.UnionType):
        return _union(_alternatives(hint))
    return _SCALARS[hint]


def _alternatives(hint: Any) -> list[Any]:
    """A union's members, without what only widens it for type checkers."""
    flat: list[Any] = []
    for member in get_args(hint):
        flat += _alternatives(member) if get_origin(member) in (Union, types.UnionType) else [member]
    flat = [member for member in flat if get_origin(member) is not UntypedStripeObject]
    has_enum = any(get_origin(member) is Literal and get_args(member) != ("",) for member in flat)
    return [member for member in flat if not (has_enum and member is str)]


def _union(members: list[Any]) -> Check:
    can_be_unset = any(get_origin(member) is Literal and "" in get_args(member) for member in members)
    literals = [value for member in members if get_origin(member) is Literal for value in get_args(member)]
    others = [compiled(member) for member in members if get_origin(member) is not Literal]
    enum = _enum(tuple(value for value in literals if value != ""))
    choices = [*others, enum] if any(literals) else others

    def run(sent: Any, name: str) -> Any:
        if sent == "" and can_be_unset:
            return ""
        refusal: ApiError | None = None
        for choice in choices:
            try:
                return choice(sent, name)
            except ApiError as error:
                # the most telling refusal is the one from inside a nested object
                if refusal is None or (error.error.get("param") or "") != name:
                    refusal = error
        assert refusal is not None
        raise refusal

    return run


def _list(item: Check) -> Check:
    def run(sent: Any, name: str) -> list[Any]:
        if sent == "":
            return []
        if not isinstance(sent, dict) or not all(key.isdigit() for key in sent):
            raise ApiError("Invalid array", param=name)
        ordered = sorted(sent.items(), key=lambda entry: int(entry[0]))
        return [item(value, _inside(name, key)) for key, value in ordered]

    return run


def _map(item: Check) -> Check:
    def run(sent: Any, name: str) -> dict[str, Any]:
        if not isinstance(sent, dict):
            raise ApiError("Invalid object", param=name)
        return {key: item(value, _inside(name, key)) if value != "" else "" for key, value in sent.items()}

    return run


def _enum(values: tuple[str, ...]) -> Check:
    def run(sent: Any, name: str) -> str:
        if sent not in values:
            raise ApiError(f"Invalid {name}: must be {_one_of(values)}", param=name)
        return str(sent)

    return run


def _one_of(values: tuple[str, ...]) -> str:
    if len(values) < 3:
        return " or ".join(values)
    return f"one of {', '.join(values[:-1])}, or {values[-1]}"


def _text(sent: Any, name: str) -> str:
    if not isinstance(sent, str):
        raise ApiError("Invalid string", param=name)
    if sent == "":
        message = (
            f"You passed an empty string for '{name}'. We assume empty values are an attempt to unset a parameter; "
            f"however '{name}' cannot be unset. You should remove '{name}' from your request or supply a non-empty "
            "value."
        )
        raise ApiError(message, code="parameter_invalid_empty", param=name)
    return sent


def _integer(sent: Any, name: str) -> int:
    text = _text(sent, name)
    if not _INTEGER.fullmatch(text):
        raise ApiError(f"Invalid integer: {text}", code="parameter_invalid_integer", param=name)
    return int(text)


def _boolean(sent: Any, name: str) -> bool:
    if sent not in ("true", "false"):
        raise ApiError(f"Invalid boolean: {sent}", param=name)
    return bool(sent == "true")


def _decimal(sent: Any, name: str) -> str:
    text = _text(sent, name)
    try:
        Decimal(text)
    except ArithmeticError:
        raise ApiError(f"Invalid decimal: {text}", param=name) from None
    return text


_SCALARS: dict[Any, Check] = {
    str: _text,
    int: _integer,
    bool: _boolean,
    float: _decimal,
    Decimal: _decimal,
    Any: lambda sent, _name: sent,
}


def _inside(outer: str, key: str) -> str:
    return f"{outer}[{key}]" if outer else key


def _unknown(names: list[str]) -> ApiError:
    plural = "s" if len(names) > 1 else ""
    message = f"Received unknown parameter{plural}: {', '.join(names)}"
    return ApiError(message, code="parameter_unknown", param=names[0])
