"""A clerk with a scanner, and a claim, in a browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from inventory.models import RetireRule, Unit
from orders.models import ChargeKind, Claim, Order, Rental, RentalPhoto
from orders.pickup_codes import code_for
from orders.services import (
    Look,
    file_claim,
    hand_over_rental,
    object_to_claim,
    prepare_rental,
    take_back_rental,
)
from orders.states import ClaimStatus, OrderStatus, RentalStatus
from payments.models import Deposit
from payments.states import DepositStatus
from tests.browser.conftest import Looking, Snap, log_in
from tests.browser.day import PEOPLE, named
from tests.browser.test_deposits import _file, picture
from tests.factories.accounts import UserFactory
from tests.jobs import forget_jobs
from tests.orders.desk import address
from tests.orders.test_handing_over import all_points
from tests.payments.test_deposits import settled
from tests.shop import Shop, key

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def counter(shop: Shop, page: Page) -> Iterator[Shop]:
    """One rental and a bag that stand ready for their customer, one rental that is out; the boss is logged in."""
    named(shop.crate, ("Kestrel Sky", "Minkaro", "KES-SKY-L", "L", "anthracite"))
    named(shop.bag, ("Alpaca Cabin", "Minkaro", "ALP-CAB-M", "M", "slate"))
    first, second = (UserFactory(name=name) for name in PEOPLE[:2])
    boss = UserFactory(superuser=True, email="anna.berger@example.com", name="Anna Berger")
    actor = f"staff:{boss.pk}"
    shop.ready(shop.rental(0, 3), customer=first)
    out = prepare_rental(rental_id=Rental.objects.get().pk, actor=actor, serial="CRATE-1-3")
    look = Look("A", all_points(out), [_file(picture(colour)) for colour in ("#7090a0", "#8aa39b")])
    hand_over_rental(rental_id=out.pk, actor=actor, look=look)
    waiting = shop.ready(shop.rental(0, 2), shop.sale(), customer=second)
    prepare_rental(rental_id=Rental.objects.get(line__order=waiting).pk, actor=actor, serial="CRATE-1-1")
    settled(shop)
    forget_jobs()
    log_in(page, boss)
    yield shop
    forget_jobs()


def scan(page: Page, text: str, field: str = "Scan") -> None:
    """As a scanner does: keystrokes into the field that has the focus, then Enter. A browser that draws nothing, as one
    of a test may, gives the focus late."""
    expect(page.get_by_label(field)).to_have_attribute("autofocus", "")
    page.get_by_label(field).focus()
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def test_a_clerk_scans_the_customers_code_and_the_unit_and_hands_it_over(counter: Shop, page: Page, snap: Snap) -> None:
    rental = Rental.objects.get(status=RentalStatus.READY)
    order = Order.objects.with_lines().get(pk=rental.line.order_id)
    page.goto(address("orders_order_counter"))
    scan(page, "CT1" + "0" * 74)
    expect(page.get_by_role("alert")).to_contain_text("was not made by this shop")
    snap("counter-refused")
    scan(page, code_for(order).text)

    page.wait_for_url(f"**{address('orders_order_change', order)}")
    expect(page.get_by_text("The code is good. Hand over:")).to_be_visible()
    snap("counter-order")
    page.locator(f"a.step[href='{address('orders_rental_hand_over', rental)}']").click()
    scan(page, "CRATE-1-2", "Unit")
    assert page.get_by_label("Unit").evaluate("field => field.matches(':invalid')")
    snap("hand-over-wrong-unit")
    page.get_by_label("Unit").fill("")
    scan(page, "CRATE-1-1", "Unit")
    assert page.get_by_label("Unit").evaluate("field => field.matches(':valid')")
    for _ in range(len(all_points(rental))):
        page.keyboard.press("Space")
        page.keyboard.press("Tab")
    page.get_by_label("Photos").set_input_files(
        [{"name": "before.jpg", "mimeType": "image/jpeg", "buffer": picture("#7090a0")}]
    )
    snap("hand-over-filled")
    page.get_by_role("button", name="Hand over").click()

    expect(page.get_by_text("Still to come: 1 × Minkaro Alpaca Cabin, M slate.")).to_be_visible()
    gone = Rental.objects.get(pk=rental.pk)
    assert gone.status == RentalStatus.OUT
    assert all(gone.condition_report["handed_over_checks"].values())
    assert RentalPhoto.objects.filter(rental=rental, moment="handed_over").count() == 1


def test_another_unit_goes_instead_when_that_is_meant(counter: Shop, page: Page, snap: Snap) -> None:
    rental = Rental.objects.get(status=RentalStatus.READY)
    page.goto(address("orders_rental_hand_over", rental))
    scan(page, "CRATE-1-2", "Unit")
    page.get_by_label("Note").fill("Looks fine.")
    page.get_by_role("button", name="Hand over").click()

    expect(page.get_by_text("This is CRATE-1-2; CRATE-1-1 stands ready for this rental.")).to_be_visible()
    snap("hand-over-swap")
    page.get_by_text("Hand over CRATE-1-2 instead of CRATE-1-1").click()
    page.get_by_role("button", name="Hand over").click()

    page.wait_for_url(f"**{address('orders_rental_change', rental)}")
    assert str(Rental.objects.get(pk=rental.pk).unit) == "CRATE-1-2"


def test_a_picture_that_is_chosen_first_writes_its_name_into_no_other_field(counter: Shop, page: Page) -> None:
    page.goto(address("orders_rental_hand_over", Rental.objects.get(status=RentalStatus.READY)))
    page.get_by_label("Photos").set_input_files(
        [{"name": "before.jpg", "mimeType": "image/jpeg", "buffer": picture("#7090a0")}]
    )

    expect(page.get_by_label("Unit")).to_have_value("")


def take_back_and_claim(page: Page, snap: Snap) -> None:
    """What came back torn is scanned, photographed, and claimed."""
    page.goto(address("orders_order_counter"))
    scan(page, "CRATE-1-3")
    expect(page.get_by_text("Next: take back.")).to_be_visible()
    page.get_by_role("link", name="Take back").click()
    page.get_by_text("C: clear traces").click()
    page.get_by_label("Photos").set_input_files(
        [{"name": "after.jpg", "mimeType": "image/jpeg", "buffer": picture("#b08060")}]
    )
    snap("take-back-filled")
    page.get_by_role("button", name="Take back").click()
    expect(page.get_by_text("is back, condition C")).to_be_visible()
    page.get_by_role("link", name="Claim damage…").click()
    page.get_by_label("Damage").check()
    page.get_by_label("Amount").fill("15,00")
    page.get_by_label("Reason").fill("The mesh at the door is torn.")
    snap("claim-filled")
    page.get_by_role("button", name="Claim", exact=True).click()

    expect(page.get_by_text("Claimed: Damage, €15.00.")).to_be_visible()


def test_a_unit_that_is_scanned_is_taken_back_photographed_and_claimed(counter: Shop, page: Page, snap: Snap) -> None:
    take_back_and_claim(page, snap)

    snap("rental-claimed")
    assert Claim.objects.get().amount_minor == 1500


def test_a_claim_that_is_objected_to_waits_for_a_decision_and_is_then_paid_from_the_deposit(
    counter: Shop, page: Page, snap: Snap
) -> None:
    take_back_and_claim(page, snap)
    page.get_by_role("link", name="Inspect").click()
    page.get_by_text("needs work: to maintenance").click()
    page.get_by_role("button", name="Close the rental").click()
    expect(page.get_by_text("in maintenance.")).to_be_visible()
    claim = Claim.objects.select_related("order").get()
    phone = counter.phone(claim.order.customer)
    path = f"/api/v1/orders/{claim.order.number}/claims/{claim.pk}/object"
    assert phone.post(path, {"text": "It was torn before."}, format="json", headers=key()).status_code == 200
    settled(counter)
    assert Deposit.objects.get(order=claim.order).status == DepositStatus.SECURED  # nothing moves before it is decided

    page.goto(address("index"))
    page.get_by_role("link", name="Claims to decide").click()
    snap("claims-to-decide")
    page.get_by_role("link", name="Damage").click()
    expect(page.get_by_text("It was torn before.")).to_be_visible()
    page.get_by_role("link", name="Uphold").click()
    page.get_by_label("Why").fill("It was whole when it left: see the picture.")
    snap("uphold-filled")
    page.get_by_role("button", name="Charge it").click()
    settled(counter)

    claim.refresh_from_db()
    assert (claim.status, claim.charged_minor) == (ClaimStatus.CHARGED, 1500)
    assert Deposit.objects.get(order=claim.order).captured_minor == 1500
    assert Order.objects.get(pk=claim.order_id).status == OrderStatus.COMPLETED


def pages_of(shop: Shop) -> dict[str, str]:
    boss = User.objects.get(is_superuser=True)
    rental = Rental.objects.get(status=RentalStatus.OUT)
    take_back_rental(
        rental_id=rental.pk, actor=f"staff:{boss.pk}", condition="C", checked=all_points(rental)[1:],
        note="A tear beside the zip.", photos=[_file(picture("#b08060"))],
    )  # fmt: skip
    claim = file_claim(
        rental_id=rental.pk, kind=ChargeKind.DAMAGE, amount_minor=1500, reason="The mesh at the door is torn.",
        actor=f"staff:{boss.pk}", photos=[_file(picture("#a07050"))],
    )  # fmt: skip
    said = "It was torn when I got it; the clerk said it does not matter."
    object_to_claim(claim_id=claim.pk, text=said, actor=f"customer:{claim.order.customer_id}")
    RetireRule.objects.create(variant=shop.crate, after_trips=1)
    return {
        "counter": address("orders_order_counter"),
        "rental": address("orders_rental_change", rental),
        "claims": address("orders_claim_changelist"),
        "claim": address("orders_claim_change", claim),
        "uphold": address("orders_claim_uphold", claim),
        "drop": address("orders_claim_drop", claim),
        "hand-over": address("orders_rental_hand_over", Rental.objects.get(status=RentalStatus.READY)),
        "units": address("inventory_unit_changelist"),
        "unit": address("inventory_unit_change", Unit.objects.get(serial="CRATE-1-3")),
        "retire-rules": address("inventory_retirerule_changelist"),
        "today": address("index"),
    }


def test_the_pages_fit_their_window(counter: Shop, page: Page, look: Looking) -> None:
    for name, url in pages_of(counter).items():
        page.goto(url)
        look(name)
