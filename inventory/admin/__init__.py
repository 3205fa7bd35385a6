"""Stock as staff see it. Counts and claims are only looked at; units and their downtimes are looked after here."""

from inventory.admin.claims import FeedAdmin, ReservationAdmin
from inventory.admin.comparisons import ReconciliationAdmin
from inventory.admin.downtimes import DowntimeAdmin
from inventory.admin.places import DepotAdmin
from inventory.admin.readiness import StageFilter
from inventory.admin.stock import StockLevelAdmin
from inventory.admin.units import UnitAdmin

__all__ = [
    "DepotAdmin",
    "DowntimeAdmin",
    "FeedAdmin",
    "ReconciliationAdmin",
    "ReservationAdmin",
    "StageFilter",
    "StockLevelAdmin",
    "UnitAdmin",
]
