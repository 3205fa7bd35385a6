# mypy: disable-error-code="misc, untyped-decorator"
# unfold carries no types
"""Comparisons with the inventory system."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from core.backoffice import NOTHING, moment, page_of, two_lines
from core.comparison_pages import ComparisonAdmin, Finding
from inventory.forms import ComparisonForm
from inventory.models import Reconciliation, StockLevel, Unit

_MEANING = {
    ("level", "missing_here"): "It counts this, and we have not read it.",
    ("level", "missing_there"): "We count this, and it does not.",
    ("level", "quantity"): "It says another number than we do.",
    ("level", "stale_mirror"): "It has counted since, and we have not read it.",
    ("unit", "missing_here"): "It has this unit, and we do not.",
    ("unit", "missing_there"): "We have this unit, and it does not.",
    ("unit", "state"): "This unit is another thing to it than to us.",
    ("unit", "stale_mirror"): "It has news of this unit that we have not read.",
    ("reservation", "missing_here"): "It keeps stock under a number that we do not know.",
    ("reservation", "missing_there"): "We promised this, and it keeps nothing for it.",
    ("reservation", "quantity"): "It keeps something else for this, or fewer days.",
    ("reservation", "state"): "It is not as far with this as we are, or further.",
}
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(?:\+00:00|Z)")


@admin.register(Reconciliation)
class ReconciliationAdmin(ComparisonAdmin):
    list_display = ("began", "state", "scope", "who", "compared", "found", "repaired", "left")
    other, counts, heading = "inventory system", ("levels", "units", "reservations"), "What"
    asks_by, note_end = ComparisonForm, "."
    things, settling, takes = "Counts, units and reservations", "a few seconds", "half a minute"
    repairs = {
        "take_theirs": "Repair takes over what it says.",
        "write_off": "Repair sets our count to 0.",
        "tell_again": "Repair tells it what staff decided.",
        "sync_again": "Repair tells it again what we promised.",
        "release_there": "Repair gives it back there.",
        "by_hand": "A person must look.",
    }
    what_repair_does = (
        ("Counts", "What it counts is taken over; what it does not count any more becomes 0."),
        ("Units", "Its news are taken over; what staff decided here is told again."),
        ("Reservations", "What we promised is told again; what nobody here knows is given back there."),
        ("The rest", "Goods that have left, other quantities and units that it does not list wait for a person."),
    )

    @display(description="Of")
    def scope(self, row: Reconciliation) -> str:
        return " at ".join(filter(None, [row.sku, row.depot])) or "everything"

    def facts(self, row: Reconciliation) -> list[tuple[str, Any]]:
        not_ours = f"{row.skipped} rows" if row.skipped else NOTHING
        return [("Of", self.scope(row)), *super().facts(row), ("Not ours", not_ours)]

    def about(self, findings: Sequence[Finding], viewer: Any) -> Iterable[SafeString]:
        """Two statements."""
        units = Unit.objects.filter(serial__in={f["ref"] for f in findings if f["what"] == "unit"})
        levels = StockLevel.objects.filter(
            variant__sku__in={f["ref"] for f in findings if f["what"] == "level"},
            depot__code__in={f["depot"] for f in findings if f["what"] == "level"},
        )
        serials = dict(units.values_list("serial", "pk"))
        pools = {(sku, code): pk for pk, sku, code in levels.values_list("pk", "variant__sku", "depot__code")}
        for finding in findings:
            what, ref, depot = finding["what"], finding["ref"], finding["depot"]
            rows = {"unit": serials.get(ref), "level": pools.get((ref, depot))}
            pk = ref if what == "reservation" and finding["ours"] else rows.get(what)
            model = f"inventory_{'stocklevel' if what == 'level' else what}"
            text = format_html('<span class="nowrap">{}</span>', f"…{ref[-12:]}" if what == "reservation" else ref)
            linked = page_of(model, pk, text, viewer=viewer, strong=True) if pk else text
            yield two_lines(linked, f"{what.capitalize()} at {depot}")

    def meaning(self, finding: Finding) -> str:
        return _MEANING[finding["what"], finding["drift"]]

    def plain(self, said: str) -> str:
        """Its instants as people write them."""
        if not said:
            return NOTHING
        return _INSTANT.sub(lambda found: moment(datetime.fromisoformat(found[0])), said).replace("_", " ")
