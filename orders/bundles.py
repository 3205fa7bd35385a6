"""What a line of a quote consists of: the one thing that was asked for, or the parts of a bundle. Pure: no database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from inventory.packing import Days
from inventory.services import Bundle, Claim
from inventory.states import ReservationKind


@dataclass(frozen=True, slots=True)
class Piece:
    """A claim that one line makes, or each rental of one line: so many pieces of a variant."""

    variant_id: int
    sku: str
    title: str
    kind: ReservationKind
    quantity: int
    bundle: Bundle | None = None

    def claim(
        self, depot_id: int, *, days: Days | None = None, period: Days | None = None, turnaround_days: int = 0
    ) -> Claim:
        """days: the customer's own, of a rental; period: those that it blocks, which matter to what comes back."""
        claim = Claim(self.variant_id, depot_id, self.kind, self.quantity, days=days, bundle=self.bundle)
        if self.kind == ReservationKind.SALE:
            return claim
        return replace(claim, period=period, turnaround_days=turnaround_days)


def pieces_of(line: Mapping[str, Any]) -> list[Piece]:
    """The claims of a line as its quote froze it, the leading one first: all of them for a sale, those of each single
    rental for a rental. What is rented is claimed unit by unit; what a rental uses up is sold with it."""
    kind, quantity = ReservationKind(line["kind"]), line["quantity"]
    is_rented = kind == ReservationKind.RENTAL
    parts: Sequence[Mapping[str, Any]] = line.get("parts") or ()
    if not parts:
        return [Piece(line["variant_id"], line["sku"], line["title"], kind, 1 if is_rented else quantity)]
    pieces: list[Piece] = []
    for part in parts:
        each, whole = part["quantity"], Bundle(line["variant_id"], kind, part["quantity"])
        named = (part["variant_id"], part["sku"], part["title"])
        if is_rented and part["comes_back"]:
            pieces += [Piece(*named, kind, 1, whole)] * each
        else:
            pieces.append(Piece(*named, ReservationKind.SALE, each * (1 if is_rented else quantity), whole))
    return pieces
