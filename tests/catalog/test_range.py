"""The range, as a search for a trip reads it, is what can be had: after every change, whoever made it and however."""

from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from catalog.models import Approval, Container, Kind, RentalOffer, RentalRate, SaleOffer, Variant, shop_today
from catalog.price_changes import NewPrice, change_prices, withdraw
from tests.examples import run_machine
from tests.factories.catalog import (
    ApprovalFactory,
    ContainerFactory,
    RentalOfferFactory,
    SaleOfferFactory,
    VariantFactory,
)

pytestmark = pytest.mark.django_db
TABLES = (Container, Variant, Approval, SaleOffer, RentalOffer, RentalRate)
_BY_VALUE = """
SELECT o.variant_id, o.sku, o.mode, o.currency, to_jsonb(s) - '{id,variants,skus}'::text[], to_jsonb(t) - 'id'
FROM catalog_offered o JOIN catalog_shape s ON s.id = o.shape_id JOIN catalog_tariff t ON t.id = o.tariff_id
ORDER BY 1, 3, 4, 5
"""
_SHAPES = "SELECT to_jsonb(s) - 'id' FROM catalog_shape s ORDER BY 1"
_TARIFFS = "SELECT to_jsonb(t) - 'id' FROM catalog_tariff t ORDER BY 1"


def told() -> Any:
    with connection.cursor() as cursor:
        answers = []
        for statement in (_BY_VALUE, _SHAPES, _TARIFFS):
            cursor.execute(statement)
            answers.append(cursor.fetchall())
    return answers


def told_anew() -> Any:
    """As if nothing of it had been there."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM catalog_offered")
        cursor.execute("DELETE FROM catalog_shape")
        cursor.execute("DELETE FROM catalog_tariff")
        cursor.execute("SELECT catalog_project(ARRAY(SELECT id FROM catalog_variant))")
        anew = told()
        transaction.set_rollback(True)
    return anew


def told_of(on: date) -> list[tuple[int, str, str]]:
    """(variant, mode, currency) of what can be had on a day, as the range says it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT o.variant_id, o.mode, o.currency FROM catalog_offered o JOIN catalog_shape s ON s.id = o.shape_id "
            "WHERE s.valid_from <= %s AND s.valid_until > %s ORDER BY 1, 2, 3",
            [on, on],
        )
        return cursor.fetchall()


def had(on: date) -> set[tuple[int, str, str]]:
    """The same by the models' own words."""
    offered = Variant.objects.offered()
    sales = SaleOffer.objects.in_force(on).filter(variant__in=offered).values_list("variant", "currency")
    rented = RentalOffer.objects.in_force(on).filter(variant__in=offered, rates__isnull=False)
    rentals = rented.values_list("variant", "currency")
    return {(v, "buy", c) for v, c in sales} | {(v, "rent", c) for v, c in rentals}


class Edits(RuleBasedStateMachine):
    """Staff, imports and SQL at work on a small catalog, in one transaction that is undone."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = time_machine.travel(timezone.now(), tick=False)
        self.now = self.clock.start()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.sku = 0

    def teardown(self) -> None:
        self.clock.stop()
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    @rule(kind=st.sampled_from(Kind.values), published=st.booleans())
    def new_container(self, kind: str, published: bool) -> None:
        ContainerFactory(kind=kind, published=published, slug=f"c-{self._next()}")

    @precondition(lambda _: Container.objects.exists())
    @rule(data=st.data(), width=st.sampled_from([300, 310]), offered=st.booleans())
    def new_variant(self, data: st.DataObject, width: int, offered: bool) -> None:
        container = self._one(Container, data)
        VariantFactory(container=container, sku=f"SKU-{self._next()}", outer_width_mm=width, offered=offered)

    @precondition(lambda _: Variant.objects.exists())
    @rule(data=st.data(), on=st.sampled_from([1, 2]), refused=st.booleans())
    def inspection(self, data: st.DataObject, on: int, refused: bool) -> None:
        ApprovalFactory(variant=self._one(Variant, data), approved_on=date(2026, 2, on), refused=refused)

    @precondition(lambda _: Variant.objects.exists())
    @rule(data=st.data(), currency=st.sampled_from(["CHF", "SEK"]), is_sale=st.booleans())
    def new_offer(self, data: st.DataObject, currency: str, is_sale: bool) -> None:
        variant = self._one(Variant, data)
        offers = variant.sale_offers if is_sale else variant.rental_offers
        if not offers.filter(currency=currency).exists():
            (SaleOfferFactory if is_sale else RentalOfferFactory)(variant=variant, currency=currency)

    @precondition(lambda _: SaleOffer.objects.in_force().exists())
    @rule(data=st.data(), ahead=st.integers(1, 3), price=st.sampled_from([3, 4]), is_sale=st.booleans())
    def new_price(self, data: st.DataObject, ahead: int, price: int, is_sale: bool) -> None:
        on = shop_today() + timedelta(days=ahead)
        model = SaleOffer if is_sale else RentalOffer
        offers = list(model.objects.in_force(on).order_by("pk"))
        if not offers:
            return
        offer = data.draw(st.sampled_from(offers))
        fields = {"price_minor": price} if is_sale else {"max_days": 40 + price}
        change_prices(on=on, prices=[NewPrice(offer, fields)], actor=None)

    @precondition(lambda _: SaleOffer.objects.exists())
    @rule(data=st.data())
    def withdrawn(self, data: st.DataObject) -> None:
        if (offer := self._one(SaleOffer, data)).is_over:
            return
        withdraw(offer)

    @rule(days=st.integers(1, 2))
    def days_go_by(self, days: int) -> None:
        self.now.shift(timedelta(days=days))

    @precondition(lambda _: Variant.objects.exists())
    @rule(data=st.data(), model=st.sampled_from(TABLES), many=st.booleans())
    def change(self, data: st.DataObject, model: Any, many: bool) -> None:
        if not model.objects.exists():
            return
        rows = model.objects.all() if many else model.objects.filter(pk=self._one(model, data).pk)
        changes: dict[Any, list[dict[str, Any]]] = {
            Container: [{"published": True}, {"published": False}, {"kind": Kind.HARD}, {"name": "Other"}],
            Variant: [{"weight_g": 900}, {"inner_height_mm": 200}, {"colour": "red"}],
            Approval: [{"result": "refused"}, {"result": "approved"}],
            SaleOffer: [{"price_minor": 1}, {"price_minor": 2}],
            RentalOffer: [{"min_days": 2}, {"max_days": 50}, {"deposit_minor": 1}],
            RentalRate: [{"per_day_minor": 1}, {"per_day_minor": 2}],
        }
        rows.update(**data.draw(st.sampled_from(changes[model])))

    @precondition(lambda _: Variant.objects.count() > 1)
    @rule(data=st.data())
    def move(self, data: st.DataObject) -> None:
        """To another container, under another SKU."""
        variant = self._one(Variant, data)
        variant.container, variant.sku = self._one(Container, data), f"SKU-{self._next()}"
        variant.save()

    @precondition(lambda _: Variant.objects.exists())
    @rule(data=st.data(), model=st.sampled_from([Variant, Approval, SaleOffer, RentalOffer, RentalRate]))
    def delete(self, data: st.DataObject, model: Any) -> None:
        if model.objects.exists():
            self._one(model, data).delete()

    @precondition(lambda _: Variant.objects.exists())
    @rule(data=st.data())
    def undone(self, data: st.DataObject) -> None:
        with transaction.atomic():
            self.change(data, Variant, many=True)
            transaction.set_rollback(True)

    @invariant()
    def it_is_what_can_be_had(self) -> None:
        assert told() == told_anew()
        for ahead in range(5):
            on = shop_today() + timedelta(days=ahead)
            assert sorted(had(on)) == told_of(on)

    def _one(self, model: Any, data: st.DataObject) -> Any:
        return data.draw(st.sampled_from(list(model.objects.order_by("pk"))))

    def _next(self) -> int:
        self.sku += 1
        return self.sku


@pytest.mark.parametrize("number", range(3))
def test_whatever_is_changed_the_range_is_as_if_made_anew(number: int) -> None:
    run_machine(Edits, number=number, count=12, steps=20)


def test_without_its_trigger_a_change_would_be_missed() -> None:
    """What the test above is worth."""
    VariantFactory(offered=True)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE catalog_variant DISABLE TRIGGER catalog_variant_projects_update")
    Variant.objects.update(weight_g=999)

    assert told() != told_anew()


@pytest.mark.parametrize("model", TABLES[1:])
def test_of_an_emptied_table_nothing_is_left(model: Any) -> None:
    VariantFactory(offered=True)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"TRUNCATE {model._meta.db_table} CASCADE")

    assert told() == told_anew()
    assert set(told_of(shop_today())) == had(shop_today())


def test_a_change_that_concerns_no_search_writes_nothing_into_the_range() -> None:
    VariantFactory(offered=True)
    before = versions()

    Variant.objects.update(colour="red")

    assert versions() == before


def versions() -> Any:
    """Of the rows, as PostgreSQL tells them apart."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT o.ctid::text, s.ctid::text, t.ctid::text FROM catalog_offered o "
            "JOIN catalog_shape s ON s.id = o.shape_id JOIN catalog_tariff t ON t.id = o.tariff_id ORDER BY o.mode"
        )
        return cursor.fetchall()
