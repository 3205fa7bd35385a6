"""What each group of staff may do. Rights are named `app.codename`; `setup_groups` writes them down."""

from collections.abc import Iterable

from django.contrib.auth.models import Group, Permission

_CATALOG = (
    "container", "containerimage", "variant", "bundlepart", "saleoffer", "rentaloffer", "rentalrate", "season",
    "taxrate", "approval", "airline", "cabinrule", "holdrule", "synonymgroup",
)  # fmt: skip
_STOCK = (
    "depot", "depotclosure", "stocklevel", "unit", "retirerule", "downtime", "reservation", "feed", "reconciliation",
)  # fmt: skip
_ORDERS = (
    "quote", "order", "orderline", "rental", "claim", "charge", "orderevent", "deliveryrate", "cancellationtier",
    "coupon", "waitlistentry",
)  # fmt: skip
_MONEY = (
    "payment", "deposit", "refund", "dispute", "document", "mail", "push", "providerevent", "paymentreconciliation",
)  # fmt: skip
_PEOPLE = ("user", "cat", "address", "device")


def _all(app: str, models: Iterable[str], *actions: str) -> list[str]:
    return [f"{app}.{action}_{model}" for model in models for action in actions]


GROUPS: dict[str, list[str]] = {
    # everything of the catalog, and coupons
    "catalog": [
        *_all("catalog", _CATALOG, "view", "add", "change", "delete"),
        *_all("orders", ("coupon",), "view", "add", "change", "delete"),
    ],
    # the counter: hands out, takes back, keeps units in order
    "clerk": [
        *_all("catalog", _CATALOG, "view"),
        *_all("inventory", _STOCK, "view"),
        *_all("inventory", ("unit", "reservation"), "change"),  # by steps only
        *_all("inventory", ("downtime", "retirerule"), "add", "change", "delete"),
        "inventory.run_reconciliation",
        *_all("orders", _ORDERS, "view"),
        *_all("payments", ("document", "mail", "push"), "view"),  # prints a receipt, says what was written
        "orders.handle_order",
        "orders.cancel_order",
        *_all("payments", ("deposit",), "view"),
        "payments.handle_deposit",
        *_all("accounts", _PEOPLE, "view"),
    ],
    # gives money back
    "refunds": [
        *_all("orders", _ORDERS, "view"),
        *_all("payments", _MONEY, "view"),
        "payments.refund_payment",
        "payments.replay_providerevent",
        "payments.run_paymentreconciliation",
    ],
    # says yes or no to large refunds, what becomes of lost disputes and of claims that were objected to; for few
    "approvals": [
        *_all("orders", _ORDERS, "view"),
        *_all("payments", _MONEY, "view"),
        "orders.decide_claim",
        "payments.approve_refund",
        "payments.decide_dispute",
    ],
    # sees everything, changes nothing
    "auditor": [
        *_all("catalog", _CATALOG, "view"),
        *_all("inventory", _STOCK, "view"),
        *_all("orders", _ORDERS, "view"),
        *_all("payments", _MONEY, "view"),
        *_all("accounts", _PEOPLE, "view"),
        "auth.view_group",
        "admin.view_logentry",
    ],
}


def setup_groups() -> dict[str, int]:
    """Give every group exactly its rights. Returns the number of rights that changed, by group. Safe to repeat.

    Raises: LookupError naming the rights that no installed app declares.
    """
    known = {f"{p.content_type.app_label}.{p.codename}": p for p in Permission.objects.select_related("content_type")}
    if missing := sorted({right for rights in GROUPS.values() for right in rights} - set(known)):
        raise LookupError(f"No installed app declares {', '.join(missing)}; run migrate first.")
    return {name: _give(name, {known[right] for right in rights}) for name, rights in GROUPS.items()}


def _give(name: str, wanted: set[Permission]) -> int:
    group, _ = Group.objects.get_or_create(name=name)
    had = set(group.permissions.all())
    if had != wanted:
        group.permissions.set(wanted)
    return len(had ^ wanted)
