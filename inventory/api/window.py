"""The fast path of the shop window, and the only one: what an answer is but for its counts is worked out once (ADR 31).

What the apps ask for most, everybody asks for alike: the same page for the same days. All of it but the counts stays
the same until somebody changes the catalog or a depot, or a day ends. So an answer is made in two steps. Its scene is
what is read from the catalog, shaped and rendered, with a gap for each count; it is remembered by each process together
with the version of the catalog that it was read under. The counts are read for every answer, and with them, in the same
statement, the version as it is now: a scene of another version is worked out anew. Where the same was counted as the
last time, the answer is the last one.

A request that was answered before goes past DRF's machinery, whose part it is to say what is wrong with a request.
Whoever is not plainly right goes the long way: without a valid token, with anything that was not asked before.
"""

import hashlib
import secrets
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, cast

from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils import timezone
from django.utils.translation import get_language
from rest_framework.exceptions import APIException
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from catalog.models import shop_today
from catalog.selectors import VariantRow
from core.time import start_of_day
from inventory.api import rendering
from inventory.board import Counting, Days, Free, closed_days
from inventory.models import Depot

AVAILABILITY = secrets.token_hex(16)  # stands where the counts of a variant will: nobody can write it into a name
MOST_BYTES = 32_000_000  # of scenes that a process remembers; a page of 20 containers at 3 depots has about 100,000
LEAST_BYTES = 4_000  # of any scene, however little it says: its objects, and its place in the memory
PIECE_BYTES = 100  # of each piece between gaps, beside what it says
COUNT_BYTES = 700  # of each variant at each depot: what is asked, what was counted last, and what was said of it


@dataclass(frozen=True, slots=True)
class Filled:
    """An answer in parts, with the counts that it was filled with and its tag."""

    counted: Sequence[Any]
    tag: str
    parts: Sequence[bytes]


class Scene:
    """An answer but for its counts.

    body: with AVAILABILITY for each of the variants, in their order. Good under `version` and before `until`, when a
    day ends at one of the depots, in UTC, or in the shop's own zone, where prices begin.
    """

    def __init__(self, body: Any, variants: Sequence[VariantRow], depots: Sequence[Depot], days: Days | None) -> None:
        self.pieces = JSONRenderer().render(body).split(f'"{AVAILABILITY}"'.encode())
        self.digest = hashlib.blake2b(b"\0".join(self.pieces), digest_size=16).digest()
        self.counting = Counting(variants, depots, days)
        self.codes = [depot.code for depot in depots]
        self.version: str = depots[0].catalog_version if depots else ""
        self.until = min(
            [
                _day_ends("UTC"),
                _day_ends(settings.TIME_ZONE, shop_today()),
                *(_day_ends(depot.time_zone, depot.today) for depot in depots),
            ]
        )
        self._last: Filled | None = None

    @property
    def is_kept(self) -> bool:
        """Whether it is worth its room."""
        return True

    @property
    def size(self) -> int:
        """About how many bytes it takes, once it was filled."""
        said = sum(PIECE_BYTES + len(piece) for piece in self.pieces)
        return LEAST_BYTES + said + COUNT_BYTES * len(self.counting)

    def filled(self) -> tuple[str, Filled]:
        """The version at the time of the count, and the answer; the same as the last time for the same counts."""
        version, counted = self.count()
        last = self._last
        if last is None or last.counted is not counted:
            last = self._last = self.fill(counted)
        return version, last

    def count(self) -> tuple[str, Sequence[Any]]:
        return self.counting.free()

    def fill(self, counted: Sequence[Any]) -> Filled:
        gaps = _gaps(self.codes, counted) if self.codes else [b"[]"] * (len(self.pieces) - 1)
        parts = [self.pieces[0]]
        for gap, piece in zip(gaps, self.pieces[1:], strict=True):
            parts += (gap, piece)
        return Filled(counted, tag_of(b"".join([self.digest, *gaps])), parts)


def tag_of(said: bytes) -> str:
    """As of `core.api.conditional`: it is of what is said, so it can never be stale."""
    return f'"{hashlib.blake2b(said, digest_size=16).hexdigest()}"'


def _day_ends(zone: str, today: date | None = None) -> datetime:
    return start_of_day((today or timezone.now().date()) + timedelta(days=1), zone)


def _gaps(codes: Sequence[str], counted: Sequence[Free]) -> list[bytes]:
    """As JSONRenderer would write `rendering.free` of them, a list for each variant, in a tenth of its time."""
    said: dict[Any, str] = {}
    rows = []
    for number, free in enumerate(counted):
        ends = (free.as_of, *free.closed_on)
        if (end := said.get(ends)) is None:
            plain = {"closed_on": free.closed_on, "as_of": free.as_of}
            end = said[ends] = JSONRenderer().render(plain).decode()[1:]
        rows.append(f'{{"depot":"{codes[number % len(codes)]}","sale":{free.sale},"rental":{free.rental},{end}')
    many = len(codes)
    return [f"[{','.join(rows[first : first + many])}]".encode() for first in range(0, len(rows), many)]


class CalendarScene(Scene):
    """Counts by day: all of the answer is counts."""

    def __init__(
        self, variants: Sequence[VariantRow], depot: Depot, days: Days, *, unknown: Sequence[str] | None = None
    ) -> None:
        super().__init__({}, variants, [depot], days)
        self.variants, self.depot, self.days = variants, depot, days
        self.closed = closed_days(depot, days)
        self.more = {} if unknown is None else {"unknown": unknown}

    @property
    def is_kept(self) -> bool:
        """Of nothing that anybody knows there is no end."""
        return bool(self.variants)

    @property
    def size(self) -> int:
        unknown = 200 * sum(map(len, self.more.values()))
        return LEAST_BYTES + 5_000 * len(self.variants) + unknown  # their rows, the last count, and the answer

    def count(self) -> tuple[str, Sequence[Any]]:
        return self.counting.by_day()

    def fill(self, counted: Sequence[Any]) -> Filled:
        told = rendering.calendar(self.variants, counted, depot=self.depot, days=self.days, closed=self.closed)
        body = JSONRenderer().render({**told, **self.more})
        return Filled(counted, tag_of(body), [body])


class Memory:
    """Scenes by what was asked, as many as there is room for: who was not asked for longest goes first."""

    def __init__(self, most_bytes: int) -> None:
        self._most, self._size = most_bytes, 0
        self._scenes: OrderedDict[Any, Scene] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, asked: Any) -> Scene | None:
        with self._lock:
            if (scene := self._scenes.get(asked)) is not None:
                self._scenes.move_to_end(asked)
            return scene

    def keep(self, asked: Any, scene: Scene) -> None:
        with self._lock:
            self._drop(asked)
            self._scenes[asked] = scene
            self._size += _room(asked, scene)
            while self._size > self._most:
                self._drop(next(iter(self._scenes)))

    def __len__(self) -> int:
        return len(self._scenes)

    def forget(self) -> None:
        with self._lock:
            self._scenes.clear()
            self._size = 0

    def _drop(self, asked: Any) -> None:
        if (old := self._scenes.pop(asked, None)) is not None:
            self._size -= _room(asked, old)


def _room(asked: Any, scene: Scene) -> int:
    """What it takes, with what was asked: a query may be longer than the answer."""
    return scene.size + sum(map(len, map(str, asked)))


# A page of the shop window, which works out what it shows when nobody asked for it before. No docstring: the OpenAPI
# document would take it for the description of each operation.
class WindowView(APIView):
    memory: ClassVar = Memory(MOST_BYTES)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return self._again(request) or super().dispatch(request, *args, **kwargs)

    def show(self, request: Request, scene: Scene, *, for_all: bool = True) -> HttpResponse:
        """The answer to this request, which is remembered but for its counts if it is the same for all who ask.

        Depots are read before whatever else is in the scene, so that its version is no younger.
        """
        if scene.version and for_all and scene.is_kept:
            self.memory.keep(_asked(request._request), scene)  # noqa: SLF001 (DRF's only way to what it wraps)
        return _answer(request, scene.filled()[1])

    def _again(self, request: HttpRequest) -> HttpResponse | None:
        """The answer to what was asked before, if it is the same as the long way would give; None: go that way."""
        if request.method not in {"GET", "HEAD"} or (scene := self.memory.find(_asked(request))) is None:
            return None
        if timezone.now() >= scene.until:
            return None
        try:
            if not any(known.authenticate(cast("Request", request)) for known in self.get_authenticators()):
                return None
            version, filled = scene.filled()
        except (APIException, OperationalError):
            return None  # the long way meets the same, and says it as a problem
        if version != scene.version:
            return None
        answer = _answer(request, filled)
        for name, value in self.default_response_headers.items():
            answer[name] = value
        return answer


def _asked(request: HttpRequest) -> Any:
    """All of a request that an answer depends on, but for who asks."""
    told = request.META
    return (
        request.path, told.get("QUERY_STRING"), request.scheme, told.get("HTTP_HOST"), told.get("HTTP_ACCEPT"),
        get_language(),
    )  # fmt: skip


def _answer(request: Any, filled: Filled) -> HttpResponse:
    sent = {t.strip().removeprefix("W/") for t in request.META.get("HTTP_IF_NONE_MATCH", "").split(",")}
    answer = (
        HttpResponseNotModified()
        if filled.tag in sent or "*" in sent
        else HttpResponse(b"".join(filled.parts), content_type=JSONRenderer.media_type)
    )
    answer["ETag"], answer["Cache-Control"] = filled.tag, "private, no-cache"
    return answer
