"""Whether what is ordered is right for the cats and flights it is for: told with the quote, stamped on the order."""

from collections.abc import Iterable, Sequence
from typing import Any

from catalog.fit import Answer, Rules
from catalog.models import Kind, Variant
from inventory.journeys import Journey, box_of
from inventory.travellers import verdict_as_json

Fit = dict[str, Any]
IN_WORDS = {
    "fits": "it fits",
    "tight": "it fits with little room",
    "ask_airline": "ask the airline",
    "too_small": "it does not fit",
}
_ANSWERS = [str(answer) for answer in Answer]  # from best to worst


def judge(journey: Journey, variants: Iterable[Variant], rules: Rules) -> list[Fit]:
    """The verdicts on each variant for every party on every leg, and the worst answer, as JSON. No statement.

    variants: with their containers. An accessory holds no cat: nothing speaks against it.
    """
    asked = journey.asks(rules)
    return [_fit(journey, variant, asked) for variant in variants]


def _fit(journey: Journey, variant: Variant, asked: Any) -> Fit:
    kind = Kind(variant.container.kind)
    judged = journey.judge(box_of(vars(variant), kind), asked) if kind.holds_cats else ()
    verdicts = [verdict_as_json(journey, one) for one in judged]
    return {"answer": worst_of(verdicts), "verdicts": verdicts}


def stamps(fits: Iterable[Fit]) -> dict[str, Any]:
    """{version: where it was read, and when} of every rule that decided."""
    rules = (verdict["rule"] for fit in fits for verdict in fit["verdicts"])
    return {rule["version"]: rule for rule in rules if rule}


def worse(
    before: Sequence[dict[str, Any]], now: Sequence[dict[str, Any]]
) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """The verdicts on one line that got worse, as they were and as they are: of the same party on the same leg."""
    pairs = zip(before, now, strict=True)
    return [(was, is_now) for was, is_now in pairs if rank(is_now["answer"]) > rank(was["answer"])]


def worst_of(verdicts: Sequence[dict[str, Any]]) -> str:
    return _ANSWERS[max((rank(verdict["answer"]) for verdict in verdicts), default=0)]


def rank(answer: str) -> int:
    """0: the best."""
    return _ANSWERS.index(answer)
