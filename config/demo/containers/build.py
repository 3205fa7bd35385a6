"""Short hands for writing the range: they only spare repetition, every number stays visible where it is used."""

from datetime import date

from config.demo.records import Approval, Colour, RentalOffer, RentalRate, SaleOffer, Variant

INSPECTOR = "inspection@example.com"

Size = tuple[int, int, int]
Rates = tuple[tuple[int, int], ...]


def approved(on: str) -> Approval:
    return Approval(approved_on=date.fromisoformat(on), approved_by=INSPECTOR)


def refused(on: str, note: str, *failed: str) -> Approval:
    """A variant that has not passed: it is in the catalog for staff, and nobody can have it."""
    return Approval(approved_on=date.fromisoformat(on), approved_by=INSPECTOR, failed=failed, note=note)


def rent(
    *,
    deposit: int,
    late: int,
    rates: Rates,
    days: tuple[int, int] = (1, 60),
    prep: int = 1,
    turnaround: int = 1,
    keep_credit: int = 50,
) -> RentalOffer:
    return RentalOffer(
        currency="EUR",
        deposit_minor=deposit,
        late_fee_minor=late,
        min_days=days[0],
        max_days=days[1],
        prep_days=prep,
        turnaround_days=turnaround,
        keep_credit_percent=keep_credit,
        rates=tuple(RentalRate(from_days, per_day) for from_days, per_day in rates),
    )


def variant(
    sku: str,
    size: str,
    colour: Colour,
    *,
    inner: Size,
    outer: Size,
    weight: int,
    load: int,
    approval: Approval | None,
    eur: int | None = None,
    chf: int | None = None,
    rental: RentalOffer | None = None,
) -> Variant:
    prices = (("EUR", eur), ("CHF", chf))
    return Variant(
        sku=sku,
        size=size,
        inner_length_mm=inner[0],
        inner_width_mm=inner[1],
        inner_height_mm=inner[2],
        outer_length_mm=outer[0],
        outer_width_mm=outer[1],
        outer_height_mm=outer[2],
        weight_g=weight,
        max_load_g=load,
        colour=colour.name,
        colour_hex=colour.hex,
        sale_offers=tuple(SaleOffer(currency=code, price_minor=price) for code, price in prices if price is not None),
        rental_offers=(rental,) if rental else (),
        approval=approval,
    )
