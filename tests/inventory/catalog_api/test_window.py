"""What was asked before is answered from memory, and never otherwise than by a process that remembers nothing."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
import time_machine
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tokens import AccessToken
from catalog.models import (
    Approval,
    Container,
    ContainerImage,
    RentalOffer,
    RentalRate,
    SaleOffer,
    Season,
    SynonymGroup,
    Variant,
)
from catalog.price_changes import NewPrice, change_prices
from catalog.selectors import variants_by_sku
from core.ids import new_id
from inventory.api.window import AVAILABILITY, CalendarScene, Memory, Scene, WindowView
from inventory.board import Days, depots_asked
from inventory.models import Depot, DepotClosure, Unit
from tests.core.conftest import stranger_connection
from tests.factories.accounts import UserFactory
from tests.factories.catalog import (
    ContainerFactory,
    ContainerImageFactory,
    RentalOfferFactory,
    SeasonFactory,
    VariantFactory,
)
from tests.factories.inventory import (
    DepotFactory,
    DowntimeFactory,
    ReservationFactory,
    StockLevelFactory,
    UnitFactory,
)
from tests.inventory.catalog_api.asking import LIST, TODAY, Get, day, days

pytestmark = pytest.mark.django_db
PAGES: dict[str, dict[str, Any]] = {
    LIST: {**days(1, 6), "ordering": "price"},
    f"{LIST}/facets": {**days(1, 6), "search": "chrysalis"},
    f"{LIST}/pool": days(1, 6),
    f"{LIST}/pool/calendar": {**days(1, 30), "depot": "BER"},
    "/api/v1/availability": {**days(1, 30), "depot": "BER", "sku": ["POO-ONE", "POO-TWO"]},
}
WATCHED = (
    *(Container, ContainerImage, Variant, Approval, SaleOffer, RentalOffer, RentalRate, Season, SynonymGroup),
    *(Depot, DepotClosure),
)
Answers = list[tuple[int, dict[str, str], bytes]]


@pytest.fixture
def shop(depot: Depot, pool: Variant) -> None:
    """Of everything that the window shows at least one."""
    SynonymGroup.objects.all().delete()
    SynonymGroup.objects.create(language="en", words=["chrysalis", "cocoon"])
    second = VariantFactory(container=pool.container, sku="POO-TWO", offered=True)
    VariantFactory(offered=True, container__slug="other", sku="OTHER-1")
    ContainerImageFactory(container=pool.container)
    SeasonFactory(start_on=TODAY + timedelta(days=2), end_on=TODAY + timedelta(days=4))
    DepotFactory(code="MUC")
    DepotClosure.objects.create(depot=depot, start_on=day(1), end_on=day(2))
    for variant in (pool, second):
        StockLevelFactory(variant=variant, depot=depot, on_hand=7, reserved_elsewhere=2)
        ReservationFactory(variant=variant, depot=depot, rental=(day(3), day(5)), committed=True)
    DowntimeFactory(unit=UnitFactory(variant=second, depot=depot), period=(day(8), day(9)))


def ask(phone: APIClient, **headers: str) -> Answers:
    answers = [phone.get(path, query, headers=headers) for path, query in PAGES.items()]
    return [(answer.status_code, dict(answer.headers), answer.content) for answer in answers]


def ask_anew(phone: APIClient) -> Answers:
    WindowView.memory.forget()
    return ask(phone)


@pytest.mark.usefixtures("shop")
def test_what_is_remembered_is_answered_byte_for_byte_as_it_was_the_first_time(phone: APIClient):
    first = ask_anew(phone)

    assert [status for status, _, _ in first] == [200] * len(PAGES)
    assert ask(phone) == first


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("path", PAGES)
def test_what_is_remembered_costs_one_statement(phone: APIClient, path: str, django_assert_num_queries: Any):
    phone.get(path, PAGES[path])

    with django_assert_num_queries(1):
        phone.get(path, PAGES[path])


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("path", PAGES)
def test_the_first_to_ask_after_a_change_pays_for_one_statement_in_vain(
    phone: APIClient, path: str, django_assert_num_queries: Any
):
    phone.get(path, PAGES[path])
    Container.objects.update(brand="New")

    with django_assert_num_queries(4):
        phone.get(path, PAGES[path])


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("path", PAGES)
def test_whose_stock_has_changed_pays_for_one_statement_more_unless_the_catalog_has_too(phone: APIClient, path: str):
    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert phone.get(path, PAGES[path]).status_code == 200
        return len(captured)

    phone.get(path, PAGES[path])
    Unit.objects.update(status="lost")
    of_stock = statements()
    Unit.objects.update(status="available")
    Container.objects.update(brand="New")

    assert (of_stock, statements(), statements()) == (2, 4, 1)


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("path", PAGES)
def test_what_is_remembered_is_not_sent_to_who_has_it(phone: APIClient, path: str):
    tag = phone.get(path, PAGES[path])["ETag"]

    again = phone.get(path, PAGES[path], headers={"If-None-Match": tag})
    head = phone.head(path, PAGES[path])

    assert (again.status_code, again.content, again["ETag"]) == (304, b"", tag)
    assert (head.status_code, head.content, head["ETag"]) == (200, b"", tag)


SPARE: dict[Any, Callable[[], Any]] = {
    Container: ContainerFactory,
    Variant: VariantFactory,
    RentalOffer: lambda: RentalOfferFactory(rates=[]),
    Depot: DepotFactory,
    User: UserFactory,
}


def another(field: Any, value: Any) -> Any:  # noqa: PLR0911 (a kind of field each)
    """A value that the field may have and does not."""
    words = {"currency": "CHF", "time_zone": "Asia/Tokyo", "country": "FR", "colour_hex": "#000000", "sku": "POO-NEW"}
    if field.is_relation:
        return SPARE[field.related_model]().pk
    if isinstance(field, ArrayField):
        return [1, 2, 3] if field.name == "opening_days" else ["other", "words"]
    if field.name == "sizes":  # of a picture
        return [{"width": 320, "height": 240, "webp": "containers/other.webp", "avif": "containers/other.avif"}]
    if isinstance(field, models.JSONField):
        return {"other": True}
    if isinstance(value, bool):
        return not value
    if field.choices:
        return next(choice for choice, _ in field.choices if choice and choice != value)
    if isinstance(value, int):
        return value - 1 if value > 1 else value + 1
    if isinstance(field, models.DateField) and value is None:
        return TODAY + timedelta(days=1)
    if isinstance(value, date | datetime):
        return value + timedelta(days=1)
    return words.get(field.name) or f"{value}x"


def by_save(row: Any, field: Any, value: Any) -> None:
    setattr(row, field.attname, value)
    row.save()


def by_update(row: Any, field: Any, value: Any) -> None:
    type(row).objects.filter(pk=row.pk).update(**{field.attname: value})


def by_bulk_update(row: Any, field: Any, value: Any) -> None:
    setattr(row, field.attname, value)
    type(row).objects.bulk_update([row], [field.name])


def by_sql(row: Any, field: Any, value: Any) -> None:
    with connection.cursor() as cursor:
        told = field.get_db_prep_save(value, connection)
        cursor.execute(f"UPDATE {field.model._meta.db_table} SET {field.column} = %s WHERE id = %s", [told, row.pk])


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("change", [by_save, by_update, by_bulk_update, by_sql])
@pytest.mark.parametrize("model", WATCHED)
def test_every_field_that_is_changed_by_whatever_way_shows_at_once(
    phone: APIClient, model: Any, change: Callable[[Any, Any, Any], None]
):
    shown = 0
    for field in model._meta.concrete_fields:
        if field.primary_key:
            continue
        row = model.objects.order_by("pk").first()
        value = another(field, getattr(row, field.attname))
        before = ask_anew(phone)
        with transaction.atomic():
            change(row, field, value)
            now = ask(phone)

            assert now == ask_anew(phone), field.name
            shown += now != before
            transaction.set_rollback(True)

    assert shown


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("model", WATCHED)
def test_what_is_added_or_deleted_shows_at_once(phone: APIClient, model: Any):
    row, table = model.objects.order_by("pk").first(), model._meta.db_table
    ask(phone)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE TEMP TABLE kept AS SELECT * FROM {table} WHERE id = {row.pk}")
            cursor.execute(f"DELETE FROM {table} WHERE id = {row.pk}")
        deleted = ask(phone)
        assert deleted == ask_anew(phone)
        with connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM kept")
            cursor.execute("DROP TABLE kept")
        added = ask(phone)
        assert added == ask_anew(phone)

    assert deleted != added


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("model", "change"),
    [
        (Container, "name = 'New'"),
        (ContainerImage, "alt = 'New'"),
        (Variant, "colour = 'new'"),
        (Approval, "result = 'refused'"),
        (SaleOffer, "price_minor = 1"),
        (RentalOffer, "deposit_minor = 1"),
        (RentalRate, "per_day_minor = 1"),
        (Season, "percent = 5"),
        (SynonymGroup, "words = '{other,words}'"),
        (Depot, "code = 'N' || id"),
        (DepotClosure, "end_on = end_on + 1"),
    ],
)
def test_without_its_trigger_a_table_would_change_unseen(phone: APIClient, model: Any, change: str):
    """What the tests above are worth."""
    table = model._meta.db_table
    before = ask(phone)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {table}_changes")
        cursor.execute(f"UPDATE {table} SET {change}")

    assert ask(phone) == before != ask_anew(phone)


def test_counts_are_those_of_this_moment(get: Get, depot: Depot, pool: Variant):
    query = {**days(3, 4), "depot": "BER"}

    def rental() -> Any:
        return get(LIST, **query)["results"][0]["variants"][0]["availability"][0]["rental"]

    seen = [rental()]
    ReservationFactory(variant=pool, depot=depot, rental=(day(3), day(4)))
    seen.append(rental())
    UnitFactory(variant=pool, depot=depot)
    seen.append(rental())

    assert seen == [1, 0, 1]


@pytest.fixture
def elsewhere(transactional_db: None) -> Iterator[psycopg.Connection[Any]]:
    """Another process."""
    with stranger_connection() as other:
        yield other
        other.rollback()


@pytest.mark.django_db(transaction=True)
def test_what_another_process_changes_shows_when_it_is_committed_and_not_before(
    elsewhere: psycopg.Connection[Any], phone: APIClient, depot: Depot, pool: Variant
):
    first = ask(phone)
    elsewhere.execute("UPDATE catalog_rentalrate SET per_day_minor = per_day_minor + 1")
    while_it_is_open = ask(phone)
    elsewhere.commit()
    committed = ask(phone)
    elsewhere.execute("UPDATE catalog_container SET name = 'Another'")
    elsewhere.rollback()

    assert while_it_is_open == first != committed
    assert ask(phone) == committed == ask_anew(phone)


@pytest.mark.django_db(transaction=True)
def test_what_another_process_holds_shows_at_once(
    elsewhere: psycopg.Connection[Any], get: Get, depot: Depot, pool: Variant
):
    def rental() -> Any:
        return get(LIST, **days(3, 4))["results"][0]["variants"][0]["availability"][0]["rental"]

    held = ReservationFactory(variant=pool, depot=depot, rental=(day(3), day(4)))
    without = [rental()]
    elsewhere.execute("UPDATE inventory_reservation SET status = 'released' WHERE id = %s", [held.pk])
    elsewhere.commit()

    assert [*without, rental()] == [0, 1]


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("hours", [1, 24, 24 * 7])
def test_a_day_that_ends_takes_along_what_was_true_on_it(phone: APIClient, hours: int):
    pages = [(LIST, {}), (f"{LIST}/pool", {}), *PAGES.items()]
    for path, query in pages:
        phone.get(path, query)
    midnight = datetime.combine(TODAY + timedelta(days=1), datetime.min.time(), tzinfo=timezone.get_current_timezone())

    with time_machine.travel(midnight + timedelta(hours=hours), tick=False):
        phone.credentials(HTTP_AUTHORIZATION=f"Bearer {AccessToken.for_user(User(id=new_id()))}")
        now = [phone.get(path, query).json() for path, query in pages]
        WindowView.memory.forget()
        assert now == [phone.get(path, query).json() for path, query in pages]


@pytest.mark.usefixtures("shop")
def test_a_price_begins_although_the_page_is_remembered(phone: APIClient):
    sold, tomorrow = Variant.objects.get(sku="POO-TWO"), TODAY + timedelta(days=1)
    new = NewPrice(sold.sale_offers.get(), {"price_minor": 123_00})
    change_prices(on=tomorrow, prices=[new], actor=None)
    begins = datetime.combine(tomorrow, datetime.min.time(), tzinfo=UTC)

    def price() -> int:
        phone.credentials(HTTP_AUTHORIZATION=f"Bearer {AccessToken.for_user(User(id=new_id()))}")
        offered = phone.get(f"{LIST}/pool").json()["variants"]
        return next(row["sale"]["price"]["amount"] for row in offered if row["sku"] == sold.sku)

    before = price()
    with time_machine.travel(begins - timedelta(seconds=1), tick=False):
        last = price()
    with time_machine.travel(begins, tick=False):
        begun = price()

    assert (before, last, begun) == (4990, 4990, 123_00)


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Authorization": ""}, 401, "authentication_required"),
        ({"Authorization": "Bearer x.y.z"}, 401, "token_invalid"),
        ({"Authorization": "Bearer "}, 401, "token_invalid"),
        ({"Accept": "text/html"}, 406, "not_acceptable"),
    ],
)
def test_what_is_remembered_is_told_only_to_who_may_ask(
    phone: APIClient, path: str, headers: dict[str, str], status: int, code: str
):
    phone.get(path, PAGES[path])
    told = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    phone.credentials(**{**vars(phone)["_credentials"], **told})

    answer = phone.get(path, PAGES[path])

    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.usefixtures("shop")
def test_an_expired_token_opens_nothing_that_is_remembered(phone: APIClient):
    ask(phone)

    with time_machine.travel(timezone.now() + timedelta(minutes=11), tick=False):
        assert [status for status, _, _ in ask(phone)] == [401] * len(PAGES)


def test_what_was_not_asked_for_longest_is_forgotten_when_there_is_no_more_room(depot: Depot):
    depot.catalog_version = "1.1"
    depot.closed_spans = []
    scenes = [Scene({"n": "x" * 100}, [], [depot], None) for _ in range(3)]
    memory = Memory(most_bytes=2 * scenes[0].size + 2)

    memory.keep("a", scenes[0])
    memory.keep("b", scenes[1])
    memory.find("a")
    memory.keep("c", scenes[2])
    memory.keep("c", scenes[2])

    assert [memory.find(asked) is not None for asked in "abc"] == [True, False, True]


@pytest.mark.usefixtures("depot")
def test_a_board_of_which_nothing_is_known_is_not_remembered(get: Get) -> None:
    VariantFactory(sku="KNOWN", offered=True)
    board = "/api/v1/availability"

    nothing = get(board, **days(1, 30), depot="BER", sku=[f"{n:036d}NONE" for n in range(200)])

    assert len(nothing["unknown"]) == 200
    assert len(WindowView.memory) == 0
    get(board, **days(1, 30), depot="BER", sku=["KNOWN", *(f"{n:036d}NONE" for n in range(199))])
    assert len(WindowView.memory) == 1


def test_room_is_taken_by_what_was_asked_too_so_that_there_is_an_end_to_boards_of_unknown_skus(depot: Depot) -> None:
    depot.catalog_version = "1.1"
    depot.closed_spans = []
    memory, month = Memory(most_bytes=100_000), Days(TODAY, TODAY + timedelta(days=29))

    for number in range(150):
        unknown = [f"{number}-{n:036d}" for n in range(200)]
        memory.keep("&sku=".join(unknown), CalendarScene([], depot, month, unknown=unknown))

    assert 0 < len(memory) <= 100_000 // 40_000


def test_a_page_larger_than_all_room_is_not_kept(depot: Depot):
    depot.catalog_version = "1.1"
    depot.closed_spans = []
    memory = Memory(most_bytes=10)

    memory.keep("a", Scene({"n": "x" * 100}, [], [depot], None))

    assert memory.find("a") is None


def test_without_a_depot_nothing_is_counted_and_nothing_remembered(get: Get):
    VariantFactory(offered=True)
    RentalOfferFactory()

    [shown] = get(LIST)["results"]

    assert shown["variants"][0]["availability"] == []
    assert get(LIST)["results"] == [shown]


def test_a_restored_backup_that_is_changed_anew_is_not_taken_for_what_it_was(get: Get, depot: Depot, pool: Variant):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT number, last_value FROM catalog_version, catalog_statements")
        number, said = cursor.fetchone()
        Container.objects.update(name="Before")
        before = get(LIST)["results"][0]["name"]
        cursor.execute("UPDATE catalog_version SET number = %s, transaction = NULL", [number - 1])
        cursor.execute("SELECT setval('catalog_statements', %s)", [said])
        Container.objects.update(name="After")
        cursor.execute("SELECT number, last_value FROM catalog_version, catalog_statements")
        again = cursor.fetchone()

    assert (before, again) == ("Before", (number, said + 1))
    assert get(LIST)["results"][0]["name"] == "After"


def test_answers_are_made_anew_only_where_another_number_was_counted(depot: Depot, pool: Variant):
    [asked] = depots_asked("BER")
    scene = Scene({"free": AVAILABILITY}, variants_by_sku([pool.sku], currency="EUR"), [asked], None)
    _, first = scene.filled()

    assert scene.filled()[1] is first
    UnitFactory(variant=pool, depot=depot)
    _, second = scene.filled()
    assert (second.tag != first.tag, second.parts != first.parts) == (True, True)
    ReservationFactory(variant=pool, depot=depot, rental=(day(0), day(1)))
    _, third = scene.filled()
    assert (third.tag, third.parts) == (first.tag, first.parts)
