"""Hand-over and take-back at the counter: the right unit, a look at it, pictures, and what is still to come."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from catalog.models import Kind
from inventory.models import Unit
from orders.admin.looks import days
from orders.checklists import points_of
from orders.errors import ChecklistOpen, PhotoUnsuitable, WrongUnit
from orders.models import Order, Rental, RentalPhoto
from orders.pickup_codes import code_for
from orders.services import Look, hand_over_rental, prepare_rental, prepare_sale, take_back_rental
from orders.states import RentalStatus
from tests.factories.accounts import UserFactory, client_for
from tests.factories.catalog import VariantFactory
from tests.factories.inventory import DepotFactory, UnitFactory
from tests.factories.orders import RentalFactory, RentalPhotoFactory
from tests.orders.desk import address, desk, said
from tests.orders.test_photos import from_a_phone, opened
from tests.shop import Shop

STAFF = "staff:1"


@pytest.fixture
def clerk(db: None) -> Client:
    return desk("clerk")


def ready(shop: Shop, serial: str = "CRATE-1-1", *more: Any) -> Rental:
    order = shop.ready(shop.rental(0, 2), *more)
    return prepare_rental(rental_id=Rental.objects.get(line__order=order).pk, actor=STAFF, serial=serial)


def all_points(rental: Rental) -> list[str]:
    return [point.code for point in points_of(rental.line.variant.container.kind)]


def typed(rental: Rental, **more: Any) -> dict[str, Any]:
    return {"serial": str(rental.unit), "checked": all_points(rental), "condition": "A", "note": "", **more}


def page(answer: Any) -> str:
    assert answer.status_code == 200
    return str(answer.content.decode())


def upload(name: str = "IMG_0815.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, from_a_phone().getvalue(), "image/jpeg")


@pytest.mark.parametrize("kind", Kind.values)
def test_every_kind_of_container_has_a_checklist(kind: str) -> None:
    codes = [point.code for point in points_of(kind)]

    assert len(codes) >= (5 if Kind(kind).holds_cats else 2)
    assert len(set(codes)) == len(codes)


# The right unit


def test_another_unit_than_the_one_that_stands_ready_is_refused_and_the_right_one_named(shop: Shop) -> None:
    rental = ready(shop)

    with pytest.raises(WrongUnit, match="This is CRATE-1-2; CRATE-1-1 stands ready") as refused:
        hand_over_rental(rental_id=rental.pk, actor=STAFF, serial="CRATE-1-2")

    assert refused.value.members == {"expected": "CRATE-1-1", "scanned": "CRATE-1-2"}
    assert Rental.objects.get().status == RentalStatus.READY


def test_a_free_unit_of_the_same_kind_goes_instead_if_that_is_meant(shop: Shop, clerk: Client) -> None:
    rental = ready(shop)
    step = address("orders_rental_hand_over", rental)

    offered = page(clerk.post(step, typed(rental, serial="CRATE-1-2")))
    assert "This is CRATE-1-2; CRATE-1-1 stands ready for this rental." in offered
    assert "Hand over CRATE-1-2 instead of CRATE-1-1" in offered
    clerk.post(step, typed(rental, serial="CRATE-1-2", swap="on"))

    gone = Rental.objects.get()
    assert (gone.status, str(gone.unit), str(gone.reservation.unit)) == (RentalStatus.OUT, "CRATE-1-2", "CRATE-1-2")
    assert Unit.objects.get(serial="CRATE-1-1").status == "available"
    assert gone.line.order.events.get(event="swap").note == "CRATE-1-2"


@pytest.mark.parametrize("other", ["another variant", "another depot", "in maintenance", "nothing"])
def test_what_could_not_go_instead_is_not_offered(shop: Shop, clerk: Client, other: str) -> None:
    rental = ready(shop)
    made = {
        "another variant": {"variant": VariantFactory(), "depot": shop.depot},
        "another depot": {"variant": shop.crate, "depot": DepotFactory()},
        "in maintenance": {"variant": shop.crate, "depot": shop.depot, "status": "maintenance"},
    }
    if other in made:
        UnitFactory(serial="X-1", **made[other])

    answer = page(clerk.post(address("orders_rental_hand_over", rental), typed(rental, serial="X-1", swap="on")))

    assert "This is X-1; CRATE-1-1 stands ready for this rental." in answer
    assert "instead of" not in answer


def test_two_that_stand_ready_change_places_when_one_takes_the_others(shop: Shop) -> None:
    mine, theirs = ready(shop, "CRATE-1-1"), ready(shop, "CRATE-1-2")

    hand_over_rental(rental_id=mine.pk, actor=STAFF, serial="CRATE-1-2", swap=True)

    assert str(Rental.objects.get(pk=mine.pk).unit) == "CRATE-1-2"
    assert str(Rental.objects.get(pk=theirs.pk).unit) == "CRATE-1-1"


def test_what_comes_back_is_scanned_and_another_unit_is_refused(shop: Shop, clerk: Client) -> None:
    rental = ready(shop)
    clerk.post(address("orders_rental_hand_over", rental), typed(rental))
    back = address("orders_rental_take_back", rental)

    wrong = clerk.post(back, {"condition": "A", "serial": "OTHER-1"})

    assert f"This is OTHER-1; {rental.unit} is due back here." in wrong.content.decode()
    assert clerk.post(back, {"condition": "A", "serial": str(rental.unit)}).status_code == 302


def test_what_is_not_in_order_when_it_comes_back_is_written_down(shop: Shop, clerk: Client) -> None:
    rental = ready(shop)
    clerk.post(address("orders_rental_hand_over", rental), typed(rental))
    back = {"condition": "C", "checked": all_points(rental)[1:]}

    silent = clerk.post(address("orders_rental_take_back", rental), back)

    assert "write what is missing, dirty or broken" in silent.content.decode()
    told = clerk.post(address("orders_rental_take_back", rental), back | {"note": "The zip is torn."})
    assert told.status_code == 302


# The look at it


def test_how_a_unit_left_and_came_back_is_kept_and_shown_side_by_side(shop: Shop, clerk: Client) -> None:
    rental = ready(shop)
    points = all_points(rental)

    clerk.post(address("orders_rental_hand_over", rental), typed(rental, photos=[upload(), upload("b.jpg")]))
    back = {"condition": "C", "checked": points[1:], "note": "The zip is torn.", "photos": [upload()]}
    clerk.post(address("orders_rental_take_back", rental), back)

    report = Rental.objects.get().condition_report
    assert report["handed_over_checks"] == dict.fromkeys(points, True)
    assert report["returned_checks"] == {points[0]: False, **dict.fromkeys(points[1:], True)}
    assert (report["handed_over_condition"], report["returned_condition"]) == ("A", "C")
    assert [photo.moment for photo in RentalPhoto.objects.all()] == ["handed_over", "handed_over", "taken_back"]
    told = page(clerk.get(address("orders_rental_change", rental)))
    assert all(address("orders_rental_picture", photo) in told for photo in RentalPhoto.objects.all())
    assert all(text in told for text in ("When it left", "When it was back", "Not in order", "The zip is torn."))


def test_what_is_not_in_order_goes_out_only_with_a_note(shop: Shop, clerk: Client) -> None:
    rental = ready(shop)
    step = address("orders_rental_hand_over", rental)
    open_point = points_of(rental.line.variant.container.kind)[0]

    refused = page(clerk.post(step, typed(rental, checked=all_points(rental)[1:])))
    assert f"Not in order: {open_point.text}." in refused
    with pytest.raises(ChecklistOpen) as no:
        hand_over_rental(rental_id=rental.pk, actor=STAFF, look=Look("A", all_points(rental)[1:]))
    assert no.value.members == {"missing": [open_point.code]}
    clerk.post(step, typed(rental, checked=[], note="She wants it as it is."))

    assert Rental.objects.get().status == RentalStatus.OUT


@pytest.mark.parametrize(
    ("photo", "told"),
    [
        (SimpleUploadedFile("big.jpg", b"0" * 50_000_000), "A picture has at most 10 MB."),
        (SimpleUploadedFile("notes.txt", b"no picture"), "This is no picture that can be read"),
    ],
)
def test_a_file_that_is_too_large_or_no_picture_is_refused_and_nothing_happens(
    shop: Shop, clerk: Client, photo: SimpleUploadedFile, told: str
) -> None:
    rental = ready(shop)
    photo.seek(0)

    answer = page(clerk.post(address("orders_rental_hand_over", rental), typed(rental, photos=[photo])))

    assert told in answer
    assert Rental.objects.get().status == RentalStatus.READY
    assert not RentalPhoto.objects.exists()


def test_a_broken_picture_at_the_return_leaves_the_unit_out(shop: Shop) -> None:
    rental = ready(shop)
    hand_over_rental(rental_id=rental.pk, actor=STAFF)

    with pytest.raises(PhotoUnsuitable):
        take_back_rental(rental_id=rental.pk, actor=STAFF, condition="A", photos=[ContentFile(b"no", "x.jpg")])

    assert Rental.objects.get().status == RentalStatus.OUT


# Who sees the pictures


def test_a_customer_sees_the_pictures_of_their_own_rentals_alone(shop: Shop) -> None:
    rental = ready(shop)
    look = Look("A", all_points(rental), [upload()])
    hand_over_rental(rental_id=rental.pk, actor=STAFF, look=look)
    listed = f"/api/v1/orders/{rental.line.order.number}/photos"
    phone, stranger = shop.phone(), client_for(UserFactory())

    [told] = phone.get(listed).json()
    picture = phone.get(told["href"].removeprefix("http://127.0.0.1:8000"))

    assert (told["rental"], told["moment"]) == (str(rental.pk), "handed_over")
    assert opened(b"".join(picture.streaming_content)).size == (20, 40)
    assert picture["Content-Type"] == "image/jpeg"
    assert "private" in picture["Cache-Control"]
    assert stranger.get(listed).status_code == 404
    assert stranger.get(f"{listed}/{told['id']}.jpg").status_code == 404


def test_a_picture_of_another_order_of_ones_own_is_not_found_under_this_one(shop: Shop) -> None:
    rental, other = ready(shop), shop.paid(shop.rental(5, 6))
    photo = RentalPhotoFactory(rental=rental)

    assert shop.phone().get(f"/api/v1/orders/{other.number}/photos/{photo.pk}.jpg").status_code == 404


def test_a_picture_whose_file_is_gone_is_not_found(shop: Shop) -> None:
    photo = RentalPhotoFactory(rental=ready(shop))
    photo.image.storage.delete(photo.image.name)

    answer = shop.phone().get(f"/api/v1/orders/{photo.rental.line.order.number}/photos/{photo.pk}.jpg")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


# In parts


def test_an_order_is_handed_over_in_parts_and_each_step_says_what_is_still_to_come(shop: Shop, clerk: Client) -> None:
    order = shop.ready(shop.rental(0, 2), shop.rental(0, 5), shop.sale(2))
    first, second = Rental.objects.order_by("end_on")
    line = order.lines.get(kind="sale")
    for rental in (first, second):
        prepare_rental(rental_id=rental.pk, actor=STAFF)
    prepare_sale(line_id=line.pk, actor=STAFF)
    first, second = Rental.objects.order_by("end_on")

    clerk.post(address("orders_rental_hand_over", first), typed(first))
    clerk.post(address("orders_orderline_deliver", line), {"note": ""})
    clerk.post(address("orders_rental_hand_over", second), typed(second))

    told = [entry.get_change_message().partition("Still to come: ")[2] for entry in LogEntry.objects.order_by("id")]
    rest = f"{second.line.title}, {days(second)}"
    assert told == [f"{rest}; {line}.", f"{rest}.", ""]
    assert Order.objects.get(pk=order.pk).status == "confirmed"


# The counter


def scan(client: Client, text: str, **more: str) -> Any:
    return client.post(address("orders_order_counter"), {"scanned": text, **more})


def test_a_code_opens_its_order_and_says_what_is_next(shop: Shop, clerk: Client) -> None:
    rental = ready(shop)
    code = code_for(Order.objects.with_lines().get(pk=rental.line.order_id)).text

    answer = scan(clerk, code, depot="BER")

    assert answer["Location"] == address("orders_order_change", rental.line.order)
    assert said(answer).startswith(f"The code is good. Hand over: {rental.line.title}, ")
    assert address("orders_rental_hand_over", rental) in page(clerk.get(answer["Location"]))


def test_a_units_serial_opens_the_rental_it_is_on(shop: Shop, clerk: Client) -> None:
    rental = ready(shop)
    hand_over_rental(rental_id=rental.pk, actor=STAFF)

    answer = scan(clerk, "CRATE-1-1")

    assert answer["Location"] == address("orders_rental_change", rental)
    assert said(answer) == f"CRATE-1-1 is on this rental of {rental.line.order}. Next: take back."


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("CT1" + "AB" * 37, "was not made by this shop"),
        ("NO-SUCH-1", "no code of a customer, no serial of a unit"),
        ("CRATE-1-3", "CRATE-1-3 is on no rental: available."),
        ("\0\0", "no code of a customer"),
    ],
)
def test_what_is_not_found_is_said_and_the_field_is_empty_again(
    shop: Shop, clerk: Client, text: str, told: str
) -> None:
    answer = page(scan(clerk, text))

    assert told in answer
    assert "CT1AB" not in answer


def test_a_counter_remembers_its_depot_and_turns_others_customers_away(shop: Shop, clerk: Client) -> None:
    rental = ready(shop)
    DepotFactory(code="MUC", name="München Ost")
    clerk.post(address("orders_order_counter"), {"depot": "MUC"})

    answer = page(scan(clerk, str(rental.unit)))

    assert "belongs to Depot BER (BER), not to this counter." in answer
    assert "München Ost (MUC)" in answer


def test_a_counter_lists_what_is_due_here_today(clerk: Client) -> None:
    here = DepotFactory(code="BER")
    RentalFactory(ready=True, days=(0, 3), serial="R-OUT", line__order__depot=here)
    RentalFactory(out=True, days=(-3, -1), serial="R-BACK", line__order__depot=here)
    RentalFactory(ready=True, days=(1, 3), serial="R-LATER", line__order__depot=here)
    RentalFactory(ready=True, days=(0, 3), serial="R-ELSEWHERE")

    told = page(clerk.post(address("orders_order_counter"), {"depot": "BER"}))

    assert told.index("Hand out") < told.index("R-OUT") < told.index("Take back") < told.index("R-BACK")
    assert "R-LATER" not in told
    assert "R-ELSEWHERE" not in told


def test_who_may_not_see_orders_has_no_counter(db: None) -> None:
    assert desk("catalog").get(address("orders_order_counter")).status_code == 403
