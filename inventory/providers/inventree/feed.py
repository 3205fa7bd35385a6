"""A change feed made of what InvenTree has: the trace of stock movements, and a digest of the claims of others.

Movements leave rows with growing primary keys. Allocations leave none, so the cursor carries a digest of them. What is
told may be a moment too old to contain a check-out of the same second (`as_of` then says so); so rows are told again
until they are SETTLED seconds old. And whatever leaves no trace at all (a stock row that deleted itself, an edit in the
database) is found by a full snapshot every quarter of an hour.
"""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import islice

from inventory.providers.base import Changes, CursorLost, Level, NotFound, UnitRecord
from inventory.providers.inventree.claims import Claims, Elsewhere, read_claims
from inventory.providers.inventree.client import PAGE, Work
from inventory.providers.inventree.names import Catalogue
from inventory.providers.inventree.rows import StockItem, Trace
from inventory.providers.inventree.shelf import Shelf

SETTLED = 5  # seconds
SNAPSHOT_EVERY = 900  # seconds
MOST_TRACES = 1_000  # since the cursor; beyond that a snapshot is cheaper
MOST_PARTS = 40  # as above
BUCKETS, BUCKET_BYTES = 64, 3  # of the digest: a cursor has at most 500 characters
NO_CLAIMS = bytes(BUCKETS * BUCKET_BYTES)


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far the feed was told. `trail`: the last row that need not be told again; `head`: the last that was seen."""

    home: str  # which InvenTree
    trail: int
    head: int
    seen: int  # when `head` was seen, by InvenTree's clock
    snapshot: int  # when the last snapshot began
    place: int  # the last location that an unfinished snapshot told; -1: it is finished
    claims: bytes

    def __str__(self) -> str:
        numbers = ".".join(str(n) for n in (self.trail, self.head, self.seen, self.snapshot, self.place))
        return f"it1.{self.home}.{numbers}.{base64.urlsafe_b64encode(self.claims).decode()}"

    @classmethod
    def read(cls, text: str, home: str) -> "Cursor":
        """Raises: CursorLost for what was never given out for this InvenTree."""
        length = BUCKETS * BUCKET_BYTES * 4 // 3
        match = re.fullmatch(
            rf"it1\.([0-9a-f]{{8}})\.(\d{{1,15}})\.(\d{{1,15}})\.(\d{{1,12}})\.(\d{{1,12}})\.(-1|\d{{1,15}})\.([\w-]{{{length}}})",
            text,
            re.ASCII,
        )
        if match is None or match[1] != home:
            raise CursorLost("This cursor is not one of this InvenTree.")
        trail, head, seen, snapshot, place = (int(match[number]) for number in range(2, 7))
        return cls(home, trail, head, seen, snapshot, place, base64.urlsafe_b64decode(match[7]))


class Feed:
    def __init__(self, catalogue: Catalogue, shelf: Shelf, customer: int, *, home: str) -> None:
        self._catalogue, self._shelf, self._customer = catalogue, shelf, customer
        self._home = sha256(home.encode()).hexdigest()[:8]
        self._claims_of: dict[bytes, frozenset[Elsewhere]] = {}  # by digest: which parts differ, if this process knows

    def read(self, work: Work, cursor: str | None) -> Changes:
        at = None if cursor is None else Cursor.read(cursor, self._home)
        newest = self._traces(work, 0)
        stamp = int(work.date.timestamp())
        top = max(newest, default=0)
        if at is not None and top < at.head:
            raise CursorLost("InvenTree's trace of movements ends before this cursor.")
        claims = read_claims(work, self._customer)
        if at is None or (at.place < 0 and stamp - at.snapshot >= SNAPSHOT_EVERY):
            at = self._start(at, newest, stamp, claims)
        elif at.place < 0:
            traces = self._since(work, newest, at.trail)
            parts = None if traces is None else self._touched(work, at, traces, claims)
            if parts is not None:
                return self._tell(work, self._after(at, top, stamp, claims), parts, claims)
            at = self._start(at, newest, stamp, claims)
        return self._page(work, at, claims)

    # The whole

    def _start(self, before: Cursor | None, newest: dict[int, Trace], stamp: int, claims: Claims) -> Cursor:
        """A snapshot. Movements of the last moments are told again after it, as any others."""
        settled = before is not None and stamp - before.seen >= SETTLED
        trail = before.head if before is not None and settled else max(min(newest, default=1) - 1, 0)
        return Cursor(self._home, trail, max(newest, default=0), stamp, stamp, 0, self._digest(claims))

    def _page(self, work: Work, at: Cursor, claims: Claims) -> Changes:
        """One depot, in the order of the locations' primary keys."""
        depots = self._catalogue.places(work, fresh=at.place == 0).depots
        self._catalogue.offered(work, fresh=at.place == 0)
        rest = sorted((pk, code) for code, pk in depots.items() if pk > at.place)
        levels: list[Level] = []
        units: list[UnitRecord] = []
        for pk, depot in rest[:1]:
            levels = self._shelf.levels_at(work, depot, claims)
            units = list(self._shelf.units_at(work, depot, claims))
            at = replace(at, place=pk)
        more = len(rest) > 1
        return Changes(tuple(levels), tuple(units), str(at if more else replace(at, place=-1)), more)

    # What moved

    def _traces(self, work: Work, page: int) -> dict[int, Trace]:
        found, _ = work.page("/stock/track/", Trace.read, page, ordering="-date")
        return found

    def _since(self, work: Work, newest: dict[int, Trace], trail: int) -> list[Trace] | None:
        """Rows after `trail`, newest first; None: too many."""
        found = dict(newest)
        for page in range(1, MOST_TRACES // PAGE + 1):
            if len(found) < PAGE * page or any(pk <= trail for pk in found):
                return [trace for pk, trace in found.items() if pk > trail]
            found |= self._traces(work, page)
        return None

    def _touched(self, work: Work, at: Cursor, traces: list[Trace], claims: Claims) -> set[str] | None:
        """SKUs whose numbers may have moved; None: too many to ask for one by one."""
        parts = set(islice(self._reclaimed(work, at.claims, claims), MOST_PARTS + 1))
        items = {trace.item for trace in traces if trace.part is None and trace.item is not None}
        parts |= {trace.part for trace in traces if trace.part is not None}
        if len(parts) > MOST_PARTS or len(items) > MOST_PARTS:
            return None
        for item in items:
            try:
                parts.add(work.get(f"/stock/{item}/", StockItem.read).part)
            except NotFound:
                continue  # it deleted itself
        return {sku for part in parts if (sku := self._catalogue.offers(work, part))}

    def _reclaimed(self, work: Work, before: bytes, claims: Claims) -> Iterator[int]:
        """Parts of which others claim something else than before."""
        now = self._digest(claims)
        if now == before:
            return
        if before in self._claims_of:
            yield from {claim.part for claim in self._claims_of[before] ^ frozenset(claims.of_others)}
            return
        size = BUCKET_BYTES
        changed = {n for n in range(BUCKETS) if now[n * size : (n + 1) * size] != before[n * size : (n + 1) * size]}
        yield from (part for part in self._catalogue.offered(work, fresh=True) if part % BUCKETS in changed)

    def _digest(self, claims: Claims) -> bytes:
        """A few bytes for each bucket of parts; the same for the same claims, whatever their order."""
        buckets: list[list[str]] = [[] for _ in range(BUCKETS)]
        for claim in claims.of_others:
            buckets[claim.part % BUCKETS].append(f"{claim.part}.{claim.item}.{claim.quantity:g}")
        digest = b"".join(
            sha256(" ".join(sorted(rows)).encode()).digest()[:BUCKET_BYTES] if rows else bytes(BUCKET_BYTES)
            for rows in buckets
        )
        self._claims_of = {**dict(list(self._claims_of.items())[-7:]), digest: frozenset(claims.of_others)}
        return digest

    def _after(self, at: Cursor, top: int, stamp: int, claims: Claims) -> Cursor:
        """The cursor behind what is told now; movements that are not settled stay before it."""
        settled = stamp - at.seen >= SETTLED
        return replace(
            at,
            trail=at.head if settled else at.trail,
            head=top,
            seen=stamp if settled or top > at.head else at.seen,
            claims=self._digest(claims),
        )

    def _tell(self, work: Work, after: Cursor, skus: set[str], claims: Claims) -> Changes:
        if skus:
            self._catalogue.places(work, fresh=True)  # what moved may have moved to a new one
        levels = [level for sku in sorted(skus) for level in self._shelf.levels_of(work, sku, claims)]
        units = [unit for sku in sorted(skus) for unit in self._shelf.units_of(work, sku, claims)]
        return Changes(tuple(levels), tuple(units), str(after), more=False)
