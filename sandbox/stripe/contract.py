"""Answers, checked against the SDK's own resource types.

The annotated classes of stripe-python are generated from Stripe's specification. `problems(answer)` names everything
that Stripe could not have sent: a missing field that is never null, an unknown field, a wrong type, a value outside its
list. `StripeSandbox(check_answers=True)` applies it to each answer and each event.
"""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable, Hashable, Iterator
from decimal import Decimal
from typing import Any, ForwardRef, Literal, Union, get_args, get_origin

import stripe
from stripe._object_classes import OBJECT_CLASSES, get_object_class
from stripe._stripe_object import StripeObject, UntypedStripeObject

Look = Callable[[Any, str], Iterator[str]]
"""(value, where) -> what is wrong with it."""

_NEVER_SENT = frozenset({"deleted"})  # only in what is left of a deleted object


def problems(answer: Any) -> list[str]:
    """Everything in this JSON value that Stripe could not have sent."""
    if isinstance(answer, dict) and "error" in answer:
        return list(_look_at_class(stripe.ErrorObject)(answer["error"], "error"))
    return list(_object(answer, ""))


def can_be_null(kind: str, name: str) -> bool:
    """True if objects of this kind have such a field, and may have nothing in it."""
    if kind not in OBJECT_CLASSES:
        return False
    annotations = inspect.get_annotations(typing.cast("type", get_object_class("V1", kind)))
    return name in annotations and _can_be_null(annotations[name])


def _object(value: Any, where: str) -> Iterator[str]:
    kind = value.get("object") if isinstance(value, dict) else None
    if kind == "list":
        for number, member in enumerate(value["data"]):
            yield from _object(member, f"{where}.data[{number}]")
    elif value.get("deleted") if kind in OBJECT_CLASSES else False:
        return
    elif kind in OBJECT_CLASSES:
        cls: Any = get_object_class("V1", kind)
        yield from _look_at_class(cls)(value, where or kind)
        if kind == "event":
            yield from _object(value["data"]["object"], f"{value['type']}")
    else:
        yield f"{where}: {value!r:.60} is no object of Stripe's"


@functools.cache
def _look_at_class(cls: Hashable) -> Look:
    annotations = inspect.get_annotations(typing.cast("type", cls))
    names = {name for name, hint in annotations.items() if not (name.startswith("_") or _is_of_the_class(hint))}
    never_null = {name for name in names if not _can_be_null(annotations[name])} - _NEVER_SENT
    # compiled when first needed: classes nest and refer to each other
    look_at = functools.cache(lambda name: _compiled(annotations[name]))

    def look(value: Any, where: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{where}: {value!r:.60} should be an object"
            return
        for name in sorted(never_null - value.keys()):
            yield f"{where}.{name} is missing"
        for name in sorted(value.keys() - names):
            yield f"{where}.{name} is unknown"
        for name in value.keys() & names:
            if value[name] is None and name in never_null:
                yield f"{where}.{name} is null"
            elif value[name] is not None:
                yield from look_at(name)(value[name], f"{where}.{name}")

    return look


def _is_of_the_class(hint: Any) -> bool:
    origin: Any = get_origin(hint)
    return origin is typing.ClassVar


def _can_be_null(hint: Any) -> bool:
    return get_origin(hint) is Union and type(None) in get_args(hint)


def _compiled(hint: Any) -> Look:
    origin = get_origin(hint)
    if origin is Union:
        return _any_of(hint)
    if origin is Literal:
        return _literal(get_args(hint))
    if origin is list:
        return _each(_compiled(get_args(hint)[0]))
    if origin is UntypedStripeObject:
        return _mapping(_compiled(get_args(hint)[0]))
    if isinstance(hint, ForwardRef) or origin is stripe.ListObject:
        return _object  # it says itself what it is
    if inspect.isclass(hint) and issubclass(hint, StripeObject):
        return _look_at_class(typing.cast("Hashable", hint))
    return _SCALARS[hint]


def _any_of(hint: Any) -> Look:
    members = [member for member in get_args(hint) if member is not type(None)]
    if any(get_origin(member) is Literal for member in members):
        members = [member for member in members if member is not str]  # only widens the list for type checkers
    looks = [_compiled(member) for member in members]

    def look(value: Any, where: str) -> Iterator[str]:
        found = [list(attempt(value, where)) for attempt in looks]
        if all(found):
            # the attempt that went deepest tells most
            yield from max(found, key=lambda messages: max(len(message.split(":")[0]) for message in messages))

    return look


def _literal(values: tuple[Any, ...]) -> Look:
    def look(value: Any, where: str) -> Iterator[str]:
        if value not in values:
            yield f"{where}: {value!r} is not one of {values!r:.80}"

    return look


def _each(look_at: Look) -> Look:
    def look(value: Any, where: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield f"{where}: {value!r:.60} should be a list"
            return
        for number, member in enumerate(value):
            yield from look_at(member, f"{where}[{number}]")

    return look


def _mapping(look_at: Look) -> Look:
    def look(value: Any, where: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{where}: {value!r:.60} should be a mapping"
            return
        for name, member in value.items():
            yield from look_at(member, f"{where}.{name}")

    return look


def _scalar(*types: type) -> Look:
    def look(value: Any, where: str) -> Iterator[str]:
        if type(value) not in types:
            yield f"{where}: {value!r:.60} should be {types[0].__name__}"

    return look


def _anything(_value: Any, _where: str) -> Iterator[str]:
    return iter(())


_SCALARS: dict[Any, Look] = {
    str: _scalar(str),
    int: _scalar(int),
    bool: _scalar(bool),
    float: _scalar(float, int),
    Decimal: _scalar(str),
    Any: _anything,
    object: _anything,
}
