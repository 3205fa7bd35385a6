"""What goes with a carrier, and two bundles of both: for the cabin, and for the hold."""

from dataclasses import replace

from config.demo.containers import CONTAINERS
from config.demo.containers import colours as c
from config.demo.containers.build import approved, rent, variant
from config.demo.places import DEPOTS
from config.demo.records import Bundle, Colour, Container, Part, RentalOffer, StockLevel, Unit, Variant

_MOST = 6  # units of each part that comes back, at each depot


def _accessory(slug: str, name: str, description: str, care: str, made: Variant) -> Container:
    return Container(
        slug=slug, name=name, brand="Minkaro", kind="accessory", description=description, care=care, variants=(made,)
    )


def _made(sku: str, colour: Colour, outer: tuple[int, int, int], weight: int) -> Variant:
    """Had only with a carrier, so nobody offers or checks it alone."""
    return variant(sku, "", colour, inner=(0, 0, 0), outer=outer, weight=weight, load=0, approval=None)


ACCESSORIES = (
    _accessory(
        "minkaro-dry-pad", "Dry pad", "An absorbent pad that keeps a cat dry for a day; used once.",
        "Throw it away after the trip.", _made("PAD-WHITE", c.IVORY, (420, 250, 12), 60),
    ),
    _accessory(
        "minkaro-fold-bowl", "Fold bowl", "A silicone bowl that folds flat and clips to the inside of a bag.",
        "Goes into the dishwasher.", _made("BOWL-MINT", c.MINT, (130, 130, 45), 90),
    ),
    _accessory(
        "minkaro-hold-labels", "Hold labels", "Live-animal and this-way-up labels, and a place for the address.",
        "Each set sticks once.", _made("LABELS-GREEN", c.PINE, (300, 210, 2), 25),
    ),
    _accessory(
        "minkaro-twin-dish", "Twin dish", "Food and water, filled from outside without opening the door.",
        "Goes into the dishwasher; check the hooks.", _made("DISH-OCEAN", c.OCEAN, (220, 110, 70), 180),
    ),
)  # fmt: skip


def _variant(sku: str) -> Variant:
    return next(v for container in CONTAINERS for v in container.variants if v.sku == sku)


def _bundle(slug: str, name: str, description: str, sku: str, *parts: Part, eur: int, rental: RentalOffer) -> Bundle:
    """As large as its first part, which is of the kind that the bundle is."""
    lead = _variant(parts[0].sku)
    of = next(container for container in CONTAINERS if lead in container.variants)
    priced = variant(
        sku, lead.size, Colour(lead.colour, lead.colour_hex), inner=lead.inner_mm, outer=lead.outer_mm,
        weight=lead.weight_g, load=lead.max_load_g, approval=approved("2026-05-04"), eur=eur, rental=rental,
    )  # fmt: skip
    container = replace(of, slug=slug, name=name, description=description, variants=(priced,))
    return Bundle(container, parts)


BUNDLES = (
    _bundle(
        "minkaro-cabin-set", "Cabin set",
        "Everything for a flight under the seat: the Murmur bag, a bowl that folds flat, and a pad that stays yours.",
        "CABIN-M-SAGE", Part("MUR-M-SAGE"), Part("BOWL-MINT"), Part("PAD-WHITE", comes_back=False), eur=6790,
        rental=rent(deposit=5000, late=700, turnaround=3, rates=((1, 620), (4, 500), (8, 380), (15, 290))),
    ),
    _bundle(
        "kestwick-hold-kit", "Hold kit",
        "What an airline asks for in the hold: the crate, its labels, and a dish that is filled from outside.",
        "HOLD-M-IVORY", Part("MER-M-IVORY"), Part("DISH-OCEAN"), Part("LABELS-GREEN", comes_back=False), eur=13_900,
        rental=rent(deposit=9000, late=1200, turnaround=2, rates=((1, 1090), (4, 890), (8, 690))),
    ),
)  # fmt: skip

_USED_UP = {part.sku for bundle in BUNDLES for part in bundle.parts if not part.comes_back}
_SKUS = [made.sku for accessory in ACCESSORIES for made in accessory.variants]
PART_STOCK = tuple(StockLevel(sku, depot.code, 60 if sku in _USED_UP else 12) for sku in _SKUS for depot in DEPOTS)
PART_UNITS = tuple(
    Unit(serial=f"{depot.code}-{sku}-{number:03d}", sku=sku, depot=depot.code, condition="A")
    for sku in _SKUS
    if sku not in _USED_UP
    for depot in DEPOTS
    for number in range(1, _MOST + 1)
)
