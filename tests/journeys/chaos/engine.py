"""One run: open the shop, let everybody in, wait until it is quiet, and look."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.test.utils import override_settings

from catalog.models import Container, Kind, Season, Variant
from inventory.models import Reservation
from inventory.services import mirror_changes
from orders.models import CancellationTier, Claim, Coupon, Order, OrderEvent, WaitlistEntry
from sandbox.inventory.server import Sandbox
from tests.catalog.rules import import_fresh_rules
from tests.factories.accounts import UserFactory
from tests.factories.catalog import VariantFactory, accessory, bundle
from tests.journeys.chaos.bank import Bank
from tests.journeys.chaos.customers import DOCUMENTED, Customer
from tests.journeys.chaos.floor import DEPOT, Clerk, Floor, Warehouse
from tests.journeys.chaos.money import figures_of_money
from tests.journeys.chaos.office import Office
from tests.journeys.chaos.plan import (
    APPROVAL_ABOVE,
    COUNTED,
    FEW,
    LENT,
    NAMES,
    PIECES,
    SETS,
    UNITS,
    USES,
    WELCOME,
    Plan,
    Run,
)
from tests.journeys.chaos.settling import settle
from tests.journeys.chaos.verdict import wrongs
from tests.journeys.chaos.weather import Killer, Weather
from tests.journeys.stack import Stack
from tests.shop import Shop

KILLS_A_MINUTE = 0.5


def environment(folder: Path) -> dict[str, str]:
    """Of web and worker: holds that end while somebody watches, refunds that need two, and mails to be counted."""
    (folder / "mail").mkdir()
    return {
        "HOLD_MINUTES": "1", "HOLD_EXTENSION_MINUTES": "1", "IDEMPOTENCY_LEASE_SECONDS": "4",
        "INVENTORY_PUSH_SECRETS": "push-new", "EMAIL_URL": f"filemail://{folder}/mail",
        "STAFF_EMAIL": "staff@localhost", "REFUND_APPROVAL_ABOVE": f"EUR={APPROVAL_ABOVE}",
    }  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What came of a run."""

    figures: dict[str, Counter[str]]
    settled_after: float
    wrong: list[str]

    def lines(self) -> Iterator[str]:
        for name, counter in self.figures.items():
            yield f"{name}: " + (", ".join(f"{what} {many}" for what, many in sorted(counter.items())) or "none")
        yield f"settled after: {self.settled_after:.0f} s of quiet"
        yield from (f"WRONG: {wrong}" for wrong in self.wrong)
        yield "Nothing is wrong." if not self.wrong else f"{len(self.wrong)} things are wrong."


@override_settings(REFUND_APPROVAL_ABOVE={"EUR": APPROVAL_ABOVE})  # for staff, who work in this process
def run_chaos(plan: Plan, ims: Sandbox, stack: Stack) -> Outcome:
    """The stack is started here, and stopped by whoever made it."""
    ims.pusher.url = f"{stack.url}/api/v1/webhooks/inventory"
    run = Run(plan, _open_shop(ims, stack), stack)
    stack.start()
    floor = Floor()
    people = [
        Customer(run, UserFactory(), plan.dice(f"customer {n}"), ("en", *NAMES)[n % 3]) for n in range(plan.customers)
    ]
    weather = Weather(run, plan.dice("weather"))
    killer = Killer(run, plan.dice("killer"), times=max(2, round(plan.seconds / 60 * KILLS_A_MINUTE)))
    office, bank = Office(run, plan.dice("office")), Bank(run, plan.dice("bank"))
    threads = [run.thread(f"customer {n}", one.shop_until_over) for n, one in enumerate(people)]
    threads += [
        run.thread("clerk", Clerk(run, floor, plan.dice("clerk")).work_until_over),
        run.thread("warehouse", Warehouse(run, floor, plan.dice("warehouse")).work_until_over),
        run.thread("office", office.work_until_over),
        run.thread("bank", bank.work_until_over),
        run.thread("weather", weather.blow_until_over),
        run.thread("killer", killer.kill_until_over),
    ]
    _let_go(threads, run)
    weather.clear()
    took, moving = settle(run, office, bank)
    wrong = [f"after {took:.0f} s of quiet there are still {what}" for what in moving]
    return Outcome(_figures(run), took, wrong + wrongs(run, floor, people))


def _open_shop(ims: Sandbox, stack: Stack) -> Shop:
    shop = Shop.opened(ims, stack.stripe, pieces=PIECES, units=UNITS)
    _fill_shelves(shop)
    CancellationTier.objects.bulk_create(
        [CancellationTier(hours=48, percent=100), CancellationTier(hours=0, percent=50)]
    )
    Coupon.objects.create(code=WELCOME, percent=10, valid_from=shop.today, first_order_only=True)
    Coupon.objects.create(
        code=FEW, amount_minor=700, currency="EUR", valid_from=shop.today, most_uses=USES, most_uses_each=None
    )
    Season.objects.create(name="Fair", start_on=shop.day(2), end_on=shop.day(5), percent=50)
    Season.objects.create(name="Rain", kind=Kind.SOFT, start_on=shop.day(4), end_on=shop.day(9), percent=-20)
    mirror_changes()
    return shop


def _fill_shelves(shop: Shop) -> None:
    """Soft bags of two heights for flights, and two sets; prices change and rules do while everybody shops."""
    flat, second = VariantFactory(sku="BAG-2", offered=True), VariantFactory(sku="CRATE-2", offered=True)
    inner = {"inner_length_mm": 450, "inner_width_mm": 270}
    outer = {"outer_length_mm": 460, "outer_width_mm": 280}
    for height, skus in ((210, (shop.bag.sku, shop.crate.sku)), (180, (flat.sku, second.sku))):
        Variant.objects.filter(sku__in=skus).update(
            **inner, **outer, inner_height_mm=height - 10, outer_height_mm=height, weight_g=1000, max_load_g=9000
        )
    of_one, pair = SETS
    bundle(shop.crate, accessory(sku="BOWL-1"), used_up=[accessory(sku="PAD-1")], sku=of_one)
    bundle(second, quantities=[2], sku=pair)
    Container.objects.filter(variants__sku__in=[shop.bag.sku, of_one]).update(
        i18n={f"name_{language}": name for language, name in NAMES.items()}
    )
    import_fresh_rules()
    store = shop.ims.store
    for sku in COUNTED:
        if sku != shop.bag.sku:  # it was there when the shop opened, and so were the first units
            store.receive(sku, DEPOT, PIECES)
    for sku in LENT:
        if sku != shop.crate.sku:
            store.add_units(sku, DEPOT, [f"{sku}-{n}" for n in range(1, UNITS + 1)], "A")


def _let_go(threads: list[threading.Thread], run: Run) -> None:
    ends = time.monotonic() + run.plan.seconds
    for thread in threads:
        thread.start()
    run.over.wait(max(0.0, ends - time.monotonic()))
    run.over.set()
    for thread in threads:
        thread.join(timeout=120)
        if thread.is_alive():
            run.tally.crashes.append(f"{thread.name} does not end")


def _figures(run: Run) -> dict[str, Counter[str]]:
    answers = run.tally.answers
    fives = {told: n for told, n in answers.items() if told.startswith("5")}
    return {
        "orders by end": Counter(Order.objects.values_list("status", flat=True)),
        "how they came there": Counter(OrderEvent.objects.filter(subject="").values_list("event", flat=True)),
        "answers": Counter({told: n for told, n in answers.items() if told[0] in "2n"}),
        "refusals": Counter({told: n for told, n in answers.items() if told.startswith("4")}),
        "documented 503s": Counter({told: n for told, n in fives.items() if told.partition(" ")[2] in DOCUMENTED}),
        "other 5xx": Counter({told: n for told, n in fives.items() if told.partition(" ")[2] not in DOCUMENTED}),
        "faults": run.tally.faults,
        "on the floor": run.tally.floor,
        "in the office": run.tally.office,
        "at the bank": run.tally.bank,
        **figures_of_money(run),
        "coupons": Counter(
            f"{o.coupon} {o.status}" for o in Order.objects.exclude(coupon=None).select_related("coupon")
        ),
        "claims for damage": Counter(Claim.objects.values_list("status", flat=True)),
        "waitlist": Counter(WaitlistEntry.objects.values_list("status", flat=True)),
        "reservations": Counter(f"{r.kind} {r.status}" for r in Reservation.objects.all()),
        "marked as not to be kept": Counter(Reservation.objects.exclude(misfit_at=None).values_list("kind", flat=True)),
    }
