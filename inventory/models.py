"""Who may have which thing when: depots, counts, units, and the claims on them. No prices, no customers."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField, DateRangeField, RangeOperators
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Count, Exists, F, Func, OuterRef, Q, Subquery, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce, ExtractIsoWeekDay
from django.utils import timezone

from catalog.buffers import Buffers
from catalog.models import TaxRate, Variant, shop_today
from catalog.version import CATALOG_VERSION
from core.ids import new_id
from core.postgres.prepared import Given
from core.time import day_after, today_in, validate_time_zone
from inventory import words
from inventory.states import GONE, LIVE, ProviderState, ReservationKind, ReservationStatus, UnitStatus


def _every_day() -> list[int]:
    return [1, 2, 3, 4, 5, 6, 7]


def yesterday() -> date:
    """No depot's today is before."""
    return timezone.now().date() - timedelta(days=1)


def closed_spans(depot: str = "pk", *, past: bool = False, since: Any = None) -> ArraySubquery:
    """The coming closures of a row's depot, which is read in the same statement: `Depot.closed_spans`.

    past: those that are over too. since: which are coming, `yesterday()` at the time of asking.
    """
    closures = DepotClosure.objects.filter(depot=OuterRef(depot))
    if not past:
        closures = closures.filter(end_on__gte=since or yesterday())
    span = Func(F("start_on"), F("end_on"), Value("[]"), function="daterange", output_field=DateRangeField())
    return ArraySubquery(closures.values_list(span))


def closed_on(day: str, depot: str) -> Q:
    """Rows whose field `day` is a day on which their `depot` neither hands out nor takes back."""
    closures = DepotClosure.objects.filter(
        depot=OuterRef(depot), start_on__lte=OuterRef(day), end_on__gte=OuterRef(day)
    )
    return Q(Exists(closures)) | ~Q(**{f"{depot}__opening_days__contains": [ExtractIsoWeekDay(day)]})


class DepotQuerySet(models.QuerySet["Depot"]):
    def with_closures(self, *, past: bool = False, since: Any = None) -> Self:
        """Depots that know when they are closed (`Depot.is_closed`), in the one statement that reads them.

        past: and when they were. since: as of `closed_spans`.
        """
        return self.annotate(closed_spans=closed_spans(past=past, since=since))

    def untaxed(self) -> Self:
        """Depots in use in whose country prices contain no tax, as nobody has said how much: receipts show none."""
        rates = TaxRate.objects.filter(country=OuterRef("country"), valid_from__lte=shop_today())
        return self.filter(~Exists(rates), active=True)

    def with_version(self) -> Self:
        """Depots that tell the version of the catalog that they were read under (`Depot.catalog_version`)."""
        return self.annotate(catalog_version=RawSQL(CATALOG_VERSION, ()))  # noqa: S611 (a constant)


class Depot(models.Model):
    """A place that hands out and takes back. Its days are dates in its own time zone."""

    code = models.SlugField(max_length=16, unique=True)
    name = models.CharField(max_length=120)
    street = models.CharField(max_length=120, blank=True)
    postal_code = models.CharField(max_length=16, blank=True)
    city = models.CharField(max_length=80)
    country = models.CharField(max_length=2, validators=[RegexValidator(r"^[A-Z]{2}$", "Use a code such as DE.")])
    time_zone = models.CharField(max_length=64, validators=[validate_time_zone])
    opening_days = ArrayField(
        models.PositiveSmallIntegerField(), default=_every_day, help_text="ISO weekdays: 1 is Monday, 7 is Sunday."
    )
    active = models.BooleanField(default=True)

    closed_spans: Sequence[Any]  # from with_closures(), or closed_spans() of a row that names it
    catalog_version: str  # from with_version()

    objects = DepotQuerySet.as_manager()

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"

    @property
    def today(self) -> date:
        return today_in(self.time_zone)

    @property
    def last_day(self) -> date:
        """The last day that can be booked by now."""
        return self.today + settings.BOOKING_HORIZON

    def takes(self, start_on: date, end_on: date, buffers: Buffers) -> bool:
        """True when a rental can begin and end on these days; needs `with_closures()`."""
        if end_on > self.last_day or start_on < self.earliest_start(buffers):
            return False
        if buffers.transit is not None:
            return not self.is_closed(buffers.leaves_on(start_on, self.is_closed))
        return not self.is_closed(start_on) and not self.is_closed(end_on)

    def earliest_start(self, buffers: Buffers) -> date:
        """The first day on which a customer can have something, whether or not it is free: today where it is fetched;
        a parcel is prepared, posted on an open day and brought. Needs `with_closures()`."""
        if buffers.transit is None:
            return self.today
        posted_on = day_after(self.today, buffers.prep_days)
        return buffers.arrives_on(posted_on, self.is_closed)

    def is_closed(self, day: date) -> bool:
        """True when nothing is handed out or taken back on this day; needs `with_closures()`, and for a day that is
        over `with_closures(past=True)`."""
        return day.isoweekday() not in self.opening_days or any(day in span for span in self.closed_spans)


class DepotClosure(models.Model):
    """Days on which a depot neither hands out nor takes back."""

    depot = models.ForeignKey(Depot, on_delete=models.CASCADE, related_name="closures")
    start_on = models.DateField()
    end_on = models.DateField()
    reason = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ["start_on"]
        constraints = [
            models.CheckConstraint(
                condition=Q(start_on__lte=F("end_on")),
                name="depot_closure_days_ordered",
                violation_error_message="A closure cannot end before it starts.",
            )
        ]

    def __str__(self) -> str:
        return f"closed {words.span(self.start_on, self.end_on)}"


class StockLevel(models.Model):
    """What the IMS counted of one variant at one depot at `as_of` (its clock). One row a pool: the row to lock."""

    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="stock_levels")
    depot = models.ForeignKey(Depot, on_delete=models.PROTECT, related_name="stock_levels")
    on_hand = models.PositiveIntegerField(default=0)  # pieces for sale
    reserved_elsewhere = models.PositiveIntegerField(default=0)  # claims of other channels
    as_of = models.DateTimeField(null=True)  # none: the IMS tells no count of it

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["variant", "depot"], name="stock_level_one_per_pool"),
        ]

    def __str__(self) -> str:
        return f"{self.variant} at {self.depot.code}"


class RetireRule(models.Model):
    """After so many trips a unit of this variant is due to leave the fleet; staff say when it does."""

    variant = models.OneToOneField(Variant, on_delete=models.CASCADE, related_name="retire_rule")
    after_trips = models.PositiveSmallIntegerField(validators=[MinValueValidator(1)])

    class Meta:
        ordering = ["variant__sku"]
        constraints = [
            models.CheckConstraint(condition=Q(after_trips__gte=1), name="retire_rule_after_a_trip"),
        ]

    def __str__(self) -> str:
        return f"{self.variant}: after {words.count(self.after_trips, 'trip')}"


class UnitQuerySet(models.QuerySet["Unit"]):
    def with_trips(self) -> Self:
        """Units that know how often they left with a customer: `trips`."""
        left = Reservation.objects.filter(unit=OuterRef("pk"), status__in=["shipped", "fulfilled"])
        count = left.order_by().values("unit").annotate(count=Count("pk")).values("count")
        return self.annotate(trips=Coalesce(Subquery(count), 0))

    def due_to_retire(self) -> Self:
        """Units of the fleet that have made as many trips as their variant allows."""
        return self.with_trips().exclude(status__in=GONE).filter(trips__gte=F("variant__retire_rule__after_trips"))


class Unit(models.Model):
    """One rentable thing with a serial number."""

    class Condition(models.TextChoices):
        A = "A", "A: as new"
        B = "B", "B: light traces"
        C = "C", "C: clear traces"
        D = "D", "D: worn"

    serial = models.CharField(max_length=100, unique=True)
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="units")
    depot = models.ForeignKey(Depot, on_delete=models.PROTECT, related_name="units")
    condition = models.CharField(max_length=1, choices=Condition, default=Condition.A)
    status = models.CharField(max_length=16, choices=UnitStatus, default=UnitStatus.AVAILABLE)
    as_of = models.DateTimeField(null=True, blank=True, editable=False)  # the IMS's clock; none: not from there
    decided_here = models.BooleanField(default=False, editable=False)  # staff's word, which the IMS has not taken yet

    trips: int  # from with_trips()

    objects = UnitQuerySet.as_manager()

    class Meta:
        ordering = ["serial"]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=UnitStatus.values), name="unit_status_valid"),
            models.CheckConstraint(condition=Q(condition__in=["A", "B", "C", "D"]), name="unit_condition_valid"),
        ]
        indexes = [
            models.Index(fields=["depot", "variant", "status"], name="unit_by_pool"),
            models.Index(fields=["id"], condition=Q(decided_here=True), name="unit_to_be_told"),
        ]

    def __str__(self) -> str:
        return self.serial


# What an exclusion constraint compares: the same unit on the same days. A one-element int8range stands for the unit:
# the built-in operator class needs no extension.
UNIT_ON_DAYS: list[tuple[Func | str, str]] = [
    (Func(F("unit"), F("unit"), function="int8range", template="int8range(%(expressions)s, '[]')"), "&&"),
    ("period", RangeOperators.OVERLAPS),
]


class Downtime(models.Model):
    """Days on which a unit in service cannot be given to anybody. Half open: the upper end is free again."""

    unit = models.ForeignKey(Unit, on_delete=models.CASCADE, related_name="downtimes")
    period = DateRangeField()
    reason = models.CharField(max_length=120, blank=True)
    is_turnaround = models.BooleanField(default=False, editable=False)  # cleaning after a return; ends with it

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="downtime_no_overlap",
                expressions=UNIT_ON_DAYS,
                violation_error_message="This unit is down on some of these days already.",
            )
        ]

    def __str__(self) -> str:
        return words.days(self.period) if self.period else "downtime"


# Reservations of which the IMS still has to hear something; the same condition is an index, so that asking is cheap.
OUT_OF_STEP = (
    Q(status="held", provider_state__in=["none", "released", "refused"])
    | Q(status="committed", provider_state__in=["none", "released", "refused", "held"])
    | Q(status="shipped", provider_state__in=["none", "released", "refused", "held", "confirmed", "local"])
    | Q(
        status="fulfilled",
        kind="rental",
        provider_state__in=["none", "released", "refused", "held", "confirmed", "checked_out", "local"],
    )
    | Q(status__in=["released", "expired"], provider_state__in=["none", "held", "confirmed"])
    | Q(status__in=["released", "expired"], late_reserve_until__isnull=False)
    # A period that grew here; one that shrank blocks less than the IMS thinks, which hurts nobody.
    | Q(
        kind="rental",
        status__in=["held", "committed", "shipped"],
        provider_state__in=["held", "confirmed", "checked_out"],
    )
    & ~Q(provider_period__contains=F("period"))
)


class ReservationQuerySet(models.QuerySet["Reservation"]):
    def living(self, at: datetime) -> Self:
        """Claims that count at this instant: a hold that has not ended, what is paid for, what is out."""
        return self.filter(status__in=LIVE).exclude(status=ReservationStatus.HELD, expires_at__lte=at)

    def lapsed(self, at: datetime | Given) -> Self:
        """Holds that have ended at this instant, and that no job has tidied yet."""
        return self.filter(status=ReservationStatus.HELD, expires_at__lte=at)


class Reservation(models.Model):
    """A claim on stock. A rental claims one pool for `period`: half open, with the days before and after it.

    `unit` is the one set aside or handed over for it. `sync_*` say how telling the IMS goes (services.sync).
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)  # also its key in the IMS
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="+")
    depot = models.ForeignKey(Depot, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=8, choices=ReservationKind)
    quantity = models.PositiveIntegerField()
    period = DateRangeField(null=True, blank=True)
    turnaround_days = models.PositiveSmallIntegerField(
        default=0
    )  # at the end of the period, a parcel's way back among them; an overdue unit needs them
    status = models.CharField(max_length=16, choices=ReservationStatus, default=ReservationStatus.HELD)
    expires_at = models.DateTimeField(null=True, blank=True)  # of a hold
    provider_state = models.CharField(max_length=16, choices=ProviderState, default=ProviderState.NONE)
    provider_acked_at = models.DateTimeField(null=True, blank=True)  # the IMS's clock
    provider_period = DateRangeField(null=True, blank=True)  # the days that the IMS keeps for it
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, null=True, blank=True, related_name="reservations")
    shipped_at = models.DateTimeField(null=True, blank=True)  # when the goods left
    misfit_at = models.DateTimeField(null=True, blank=True)  # since when there is nothing to serve it with
    sync_leased_until = models.DateTimeField(null=True, blank=True)  # one speaks with the IMS about it at a time
    # Until when a call whose answer never came may still arrive there.
    late_reserve_until = models.DateTimeField(null=True, blank=True)
    late_release_until = models.DateTimeField(null=True, blank=True)
    sync_failures = models.PositiveSmallIntegerField(default=0)  # final refusals in a row
    sync_error = models.CharField(max_length=300, blank=True)
    sync_after = models.DateTimeField(null=True, blank=True)  # after a final refusal: not before then
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ReservationQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]  # ids grow with time
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gte=1), name="reservation_quantity_positive"),
            models.CheckConstraint(condition=Q(status__in=ReservationStatus.values), name="reservation_status_valid"),
            models.CheckConstraint(
                condition=Q(kind="sale", period__isnull=True)
                | Q(kind="rental", period__isnull=False, period__isempty=False, quantity=1),
                name="reservation_rental_has_days",
            ),
            models.CheckConstraint(
                condition=~Q(status="held") | Q(expires_at__isnull=False), name="reservation_hold_expires"
            ),
            models.CheckConstraint(
                condition=Q(provider_state__in=ProviderState.values), name="reservation_provider_state_valid"
            ),
            models.CheckConstraint(
                condition=~Q(kind="rental", status="shipped") | Q(unit__isnull=False), name="reservation_out_has_unit"
            ),
            models.CheckConstraint(
                condition=Q(kind="rental") | Q(unit__isnull=True), name="reservation_unit_is_rented"
            ),
            # Whatever it is for: a rental, or a part of one.
            ExclusionConstraint(
                name="reservation_unit_never_twice",
                expressions=UNIT_ON_DAYS,
                condition=Q(unit__isnull=False, status__in=["committed", "shipped"]),
                deferrable=models.Deferrable.IMMEDIATE,  # at the end of a statement: two may change places in one
            ),
            models.UniqueConstraint(
                fields=["unit"], condition=Q(status="shipped"), name="reservation_unit_out_once"
            ),  # whoever has a unit, nobody else has it
        ]
        indexes = [
            # The only rows that availability reads; the past costs nothing.
            models.Index(fields=["depot", "variant"], condition=Q(status__in=LIVE), name="reservation_live_by_pool"),
            models.Index(fields=["expires_at"], condition=Q(status="held"), name="reservation_holds_by_expiry"),
            models.Index(fields=["created_at"], condition=OUT_OF_STEP, name="reservation_out_of_step"),
            models.Index(fields=["misfit_at"], condition=Q(misfit_at__isnull=False), name="reservation_misfits"),
        ]

    LIVE: ClassVar = LIVE

    def __str__(self) -> str:
        return f"Rental, {words.days(self.period)}" if self.period else f"Sale of {words.count(self.quantity, 'piece')}"

    def is_lapsed(self, at: datetime) -> bool:
        """True for a hold that has ended at this instant, and that no job has tidied yet."""
        return self.status == ReservationStatus.HELD and self.expires_at is not None and self.expires_at <= at


class Feed(models.Model):
    """How far the mirror has read the IMS's change feed.

    `newest_variant` and `newest_depot` are the youngest names the mirror knew: what the feed told of later ones it had
    to pass over, so they are asked for apart.
    """

    name = models.CharField(max_length=40, primary_key=True)
    cursor = models.CharField(max_length=500, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    newest_variant = models.BigIntegerField(default=0)
    newest_depot = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return self.name


class Reconciliation(models.Model):
    """One comparison with the IMS and what came of it. Written once, kept for 90 days (services.reconcile).

    depot, sku: what it was narrowed to; empty: everything. found = left + repaired + what went by itself.
    findings: services.verdicts.Finding as JSON, what is left first, and at most a thousand of them.
    """

    class Outcome(models.TextChoices):
        EQUAL = "equal"
        DRIFT = "drift", "Differences left"
        REPAIRED = "repaired"
        UNREACHABLE = "unreachable"  # the IMS could not be asked, or went away half-way

    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(db_index=True)
    depot = models.CharField(max_length=16, blank=True)
    sku = models.CharField("SKU", max_length=40, blank=True)
    levels = models.PositiveIntegerField(default=0)
    units = models.PositiveIntegerField(default=0)
    reservations = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)  # rows of theirs whose SKU or depot is not one of ours
    found = models.PositiveIntegerField(default=0)
    repaired = models.PositiveIntegerField(default=0)
    left = models.PositiveIntegerField(default=0)
    findings = models.JSONField(default=list)
    outcome = models.CharField(max_length=16, choices=Outcome)
    error = models.CharField(max_length=300, blank=True)
    actor = models.CharField(max_length=60)  # "job", "command" or "staff:<id>"

    class Meta:
        ordering = ["-id"]
        verbose_name = "comparison"
        permissions = [("run_reconciliation", "Can compare with the inventory system and repair")]
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome__in=["equal", "drift", "repaired", "unreachable"]),
                name="reconciliation_outcome_valid",
            )
        ]

    def __str__(self) -> str:
        return f"comparison of {self.started_at:%-d %b %Y, %H:%M} UTC"
