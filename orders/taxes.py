"""The tax inside each charge of an order, so that charges and credits of the same things cancel to the cent."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class TaxPart:
    """What of an amount is taxed at one rate, in minor units; both below zero for a credit."""

    rate_bp: int
    gross_minor: int
    tax_minor: int

    def as_json(self) -> dict[str, int]:
        return {"rate_bp": self.rate_bp, "gross_minor": self.gross_minor, "tax_minor": self.tax_minor}


@dataclass(frozen=True, slots=True)
class Taxed:
    """An amount as it was charged, with the tax inside. A credit (below zero) has the tax of what it credits; what
    takes a credit back names its index, and has the tax of that credit.
    """

    amount_minor: int
    rate_bp: int = 0
    tax_minor: int = 0
    line_id: UUID | None = None
    reverses: int | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """What of an amount falls on one line, in one step; None: on none."""

    line_id: UUID | None
    part: TaxPart


@dataclass(slots=True)
class _Lot:
    """What is left of one charge after the credits so far."""

    line_id: UUID | None
    rate_bp: int
    gross_minor: int
    tax_minor: int


_Taken = tuple[_Lot, TaxPart]


def share_tax(amounts: Sequence[Taxed]) -> list[list[TaxPart]]:
    """The parts of each amount by rate, highest first; they add up to the amount. See `share`."""
    return [by_rate([share.part for share in shares]) for shares in share(amounts)]


def share(amounts: Sequence[Taxed]) -> list[list[Share]]:
    """On which lines each amount falls, with what tax; the shares add up to the amount.

    A credit is shared among what was charged before it and is not credited yet, of its own line if it has one, in
    proportion, to the cent: what is credited in full, in however many steps, has no tax left. What is credited beyond
    that has no tax. What takes a credit back has that credit's tax, rate by rate, and undoes its shares. The answer
    for an amount depends only on those before it.
    """
    lots: list[_Lot] = []
    taken: dict[int, list[_Taken]] = {}
    told: list[list[Share]] = []
    for index, amount in enumerate(amounts):
        if amount.reverses is not None:
            shares = _put_back(taken.pop(amount.reverses), amount)
        elif amount.amount_minor > 0:
            lots.append(_Lot(amount.line_id, amount.rate_bp, amount.amount_minor, amount.tax_minor))
            shares = [Share(amount.line_id, TaxPart(amount.rate_bp, amount.amount_minor, amount.tax_minor))]
        else:
            taken[index] = _credit(lots, amount)
            shares = _shares_of(taken[index], amount)
        told.append(shares)
    return told


def by_rate(parts: Sequence[TaxPart]) -> list[TaxPart]:
    """One part for each rate, highest first."""
    rates = sorted({part.rate_bp for part in parts}, reverse=True)
    return [
        TaxPart(
            rate,
            sum(part.gross_minor for part in parts if part.rate_bp == rate),
            sum(part.tax_minor for part in parts if part.rate_bp == rate),
        )
        for rate in rates
    ]


def _credit(lots: Sequence[_Lot], credit: Taxed) -> list[_Taken]:
    own = [lot for lot in lots if credit.line_id is not None and lot.line_id == credit.line_id]
    taken = _take(own, -credit.amount_minor)
    return taken + _take(lots, -credit.amount_minor + sum(part.gross_minor for _, part in taken))


def _take(lots: Sequence[_Lot], wanted: int) -> list[_Taken]:
    """Take an amount, or all there is, from the lots in proportion to what they hold."""
    total = sum(lot.gross_minor for lot in lots)
    wanted = min(wanted, total)
    if not wanted:
        return []
    shares = [wanted * lot.gross_minor // total for lot in lots]
    nearest = sorted(range(len(lots)), key=lambda n: -(wanted * lots[n].gross_minor % total))
    for n in nearest[: wanted - sum(shares)]:
        shares[n] += 1
    return [(lot, _take_from(lot, share)) for lot, share in zip(lots, shares, strict=True) if share]


def _take_from(lot: _Lot, share: int) -> TaxPart:
    tax = (2 * lot.tax_minor * share + lot.gross_minor) // (2 * lot.gross_minor)
    lot.gross_minor -= share
    lot.tax_minor -= tax
    return TaxPart(lot.rate_bp, -share, -tax)


def _put_back(taken: Sequence[_Taken], amount: Taxed) -> list[Share]:
    for lot, part in taken:
        lot.gross_minor -= part.gross_minor
        lot.tax_minor -= part.tax_minor
    return _shares_of([(lot, TaxPart(p.rate_bp, -p.gross_minor, -p.tax_minor)) for lot, p in taken], amount)


def _shares_of(taken: Sequence[_Taken], amount: Taxed) -> list[Share]:
    """What no charge was left for has no tax."""
    shares = [Share(lot.line_id, part) for lot, part in taken]
    if beyond := amount.amount_minor - sum(share.part.gross_minor for share in shares):
        shares.append(Share(amount.line_id, TaxPart(0, beyond, 0)))
    return shares
