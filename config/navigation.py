"""The sidebar of the staff pages: grouped by what people do, and only what they may see."""

from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

from inventory.troubles import count_troubles

# (group, [(model, title, icon of the Material Symbols font)]); a model without staff pages is left out.
# "model:page" is a page beside its list.
_GROUPS: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    (
        "Catalog",
        (
            ("catalog.Container", "Containers", "pets"),
            ("catalog.Variant", "Variants", "style"),
            ("catalog.SaleOffer", "Sale offers", "sell"),
            ("catalog.RentalOffer", "Rental offers", "event_repeat"),
            ("catalog.Season", "Seasons", "calendar_month"),
            ("catalog.SynonymGroup", "Synonyms", "manage_search"),
            ("orders.Coupon", "Coupons", "confirmation_number"),
            ("catalog.TaxRate", "Tax rates", "percent"),
        ),
    ),
    (
        "Airlines",
        (
            ("catalog.Airline", "Airlines", "flight"),
            ("catalog.CabinRule", "Cabin rules", "airline_seat_recline_normal"),
            ("catalog.HoldRule", "Hold rules", "luggage"),
        ),
    ),
    (
        "Stock",
        (
            ("inventory.Reservation:worklist", "Does not fit", "report"),
            ("inventory.Unit:calendar", "Fleet calendar", "calendar_view_week"),
            ("inventory.StockLevel", "Stock levels", "inventory_2"),
            ("inventory.Unit", "Units", "qr_code_2"),
            ("inventory.RetireRule", "Retire rules", "event_available"),
            ("inventory.Downtime", "Downtimes", "build"),
            ("inventory.Reservation", "Reservations", "event_busy"),
            ("inventory.Depot", "Depots", "warehouse"),
            ("inventory.Feed", "Inventory feed", "sync"),
            ("inventory.Reconciliation", "Comparisons", "rule"),
        ),
    ),
    (
        "Orders",
        (
            ("orders.Order:counter", "Counter", "qr_code_scanner"),
            ("orders.Order", "Orders", "receipt_long"),
            ("orders.Rental", "Rentals", "luggage"),
            ("orders.OrderLine", "Sales", "shopping_bag"),
            ("orders.Claim", "Claims", "rate_review"),
            ("orders.Quote", "Quotes", "request_quote"),
            ("orders.WaitlistEntry", "Waitlist", "hourglass_top"),
            ("orders.DeliveryRate", "Delivery rates", "local_shipping"),
            ("orders.CancellationTier", "Cancellation", "event_busy"),
        ),
    ),
    (
        "Money",
        (
            ("payments.Payment", "Payments", "credit_card"),
            ("payments.Deposit", "Deposits", "lock"),
            ("payments.Refund", "Refunds", "currency_exchange"),
            ("payments.Dispute", "Disputes", "gavel"),
            ("payments.Document", "Documents", "description"),
            ("payments.Mail", "Mails", "mail"),
            ("payments.Push", "Pushes", "notifications"),
            ("orders.Charge", "Charges", "receipt"),
            ("payments.ProviderEvent", "Gateway events", "webhook"),
            ("payments.PaymentReconciliation", "Money comparisons", "balance"),
        ),
    ),
    (
        "People",
        (
            ("accounts.User", "People", "person"),
            ("accounts.Cat", "Cats", "cruelty_free"),
            ("auth.Group", "Groups and rights", "group"),
        ),
    ),
)


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Unfold's navigation for whoever asks; groups in which nothing is left are not shown."""
    groups = [
        {"title": title, "separator": True, "collapsible": False, "items": [*_items(request, entries)]}
        for title, entries in _GROUPS
    ]
    return [group for group in groups if group["items"]]


def _items(request: HttpRequest, entries: tuple[tuple[str, str, str], ...]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    for label, title, icon in entries:
        model, _, beside = label.partition(":")
        page = admin.site._registry.get(apps.get_model(model))  # noqa: SLF001 (what is_registered reads)
        if page is not None and page.has_view_permission(request):
            link = reverse(f"admin:{page.opts.app_label}_{page.opts.model_name}_{beside or 'changelist'}")
            items.append({"title": title, "icon": icon, "link": link, **_waiting(label)})
    here = [item["link"] for item in items if request.path.startswith(item["link"])]
    return [item | {"active": item["link"] == max(here, key=len, default="")} for item in items]


# How much waits there; counted only for who sees the entry, and not shown where nothing waits.
_WAITING: dict[str, Callable[[], int]] = {"inventory.Reservation:worklist": count_troubles}


def _waiting(label: str) -> dict[str, Any]:
    return {"badge": _WAITING[label](), "badge_style": "solid"} if label in _WAITING else {}


def environment(_request: HttpRequest) -> list[str]:
    """The label beside the name: money here is real, or it is not."""
    return ["Live", "danger"] if "_live_" in settings.STRIPE_SECRET_KEY else ["Test money", "info"]
