"""What the OpenAPI document names in its examples is there after `make run`, and costs that."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from catalog.models.containers import titled
from catalog.resources import OUR_RULES
from config.demo.catalog import BUNDLES, CATS, CONTAINERS, COUPONS, DEPOTS, PART_UNITS, UNITS
from config.demo.records import Variant
from config.seeding.people import CUSTOMER, PASSWORD
from tests.document import operations

SHOWN = [*CONTAINERS, *(bundle.container for bundle in BUNDLES)]
SLUGS = {container.slug: container for container in SHOWN}
OF = {variant.sku: container for container in SHOWN for variant in container.variants}
VARIANTS = {variant.sku: variant for container in SHOWN for variant in container.variants}


def shown() -> Iterator[tuple[str, Any]]:
    """Every object in every example, with where it stands."""
    for operation in operations():
        for where, content, _ in operation.contents():
            for example in content.get("examples", {}).values():
                yield from ((f"{operation} {where}", one) for one in objects(example["value"]))


def objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects(inner)


def asked(name: str) -> Any:
    """The example of what is sent to an operation."""
    [operation] = [one for one in operations() if str(one) == name]
    [example] = operation.about["requestBody"]["content"]["application/json"]["examples"].values()
    return example["value"]


def named(*fields: str) -> dict[str, str]:
    """{what stands in one of these fields, which may be lists: where}."""
    found = {}
    for where, one in shown():
        for told in (one[field] for field in fields if one.get(field)):
            found.update(
                {name: where for name in (told if isinstance(told, list) else [told]) if isinstance(name, str)}
            )
    assert found, fields
    return found


def test_examples_name_what_the_demo_has() -> None:
    airlines = {line.split(",")[0] for line in (OUR_RULES / "airlines.csv").read_text().splitlines()}

    assert named("sku", "skus").keys() <= VARIANTS.keys()
    assert named("slug", "container").keys() <= SLUGS.keys()
    assert named("depot").keys() <= {depot.code for depot in DEPOTS}
    assert named("airline").keys() <= airlines
    assert named("coupon").keys() <= {coupon.code for coupon in COUPONS}
    assert named("unit").keys() <= {unit.serial for unit in (*UNITS, *PART_UNITS)}
    assert not named("unknown").keys() & VARIANTS.keys()


def test_examples_log_in_as_the_demos_customer_and_register_somebody_else() -> None:
    log_in, register = asked("POST /api/v1/auth/token"), asked("POST /api/v1/auth/register")

    assert (log_in["email"], log_in["password"]) == (CUSTOMER, PASSWORD)
    assert register["email"] != CUSTOMER


def test_examples_call_and_price_things_as_the_demo_does() -> None:
    for where, one in shown():
        if one.get("sku") not in VARIANTS:
            continue
        variant, container = VARIANTS[one["sku"]], OF[one["sku"]]
        if "title" in one:
            assert one["title"] == titled(container.brand, container.name, variant.size, variant.colour), where
        if "colour" in one:
            assert (one["colour"], one["colour_hex"]) == (variant.colour, variant.colour_hex), where
            assert [*one["inner"].values(), *one["outer"].values()] == [*variant.inner_mm, *variant.outer_mm], where
        if isinstance(one.get("sale"), dict):
            assert one["sale"]["price"]["amount"] == sale_price(variant), where
        if isinstance(rental := one.get("rental"), dict) and "rates" in rental:
            terms = [(rate["from_days"], rate["per_day"]["amount"]) for rate in rental["rates"]]
            assert terms == [(rate.from_days, rate.per_day_minor) for rate in variant.rental_offers[0].rates], where
            assert rental["fee"]["amount"] == variant.rental_offers[0].fee_minor(rental["days"]), where
        if one.get("kind") == "sale" and "unit_price" in one:
            assert one["unit_price"]["amount"] == sale_price(variant), where
        if one.get("kind") == "rental" and isinstance(rental, dict):
            days = (date.fromisoformat(rental["end_on"]) - date.fromisoformat(rental["start_on"])).days + 1
            assert one["total"]["amount"] == variant.rental_offers[0].fee_minor(days), where
            assert one["deposit"]["amount"] == variant.rental_offers[0].deposit_minor, where


def test_examples_measure_one_of_the_demos_cats() -> None:
    measures = {
        (one["length_mm"], one["elbow_height_mm"], one["weight_g"])
        for _, one in shown()
        if "width_mm" in one and "elbow_height_mm" in one
    }

    assert measures
    assert measures <= {(cat.length_mm, cat.elbow_height_mm, cat.weight_g) for cat in CATS}


def sale_price(variant: Variant) -> int:
    [price] = [offer.price_minor for offer in variant.sale_offers if offer.currency == "EUR"]
    return price
