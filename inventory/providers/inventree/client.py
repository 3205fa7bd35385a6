"""Calls to InvenTree: its pages, its clock, its version, and what its refusals mean in our words."""

import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn, TypeVar

from core.http import CircuitBreaker, HttpClient, HttpResponse
from core.logging import get_logger
from inventory.providers.base import NotFound, Refused, Unavailable, UnknownOutcome
from inventory.providers.calls import answer_of, turn_back
from inventory.providers.inventree.rows import count_in, rows_in

log = get_logger(__name__)
LONGEST_OPERATION = 14.0  # seconds of a write, however many calls it takes (inventory.services.talk.LONGEST_CALL)
T = TypeVar("T")

OLDEST_API = 530  # the version that this adapter's calls were tried with
PAGE = 100
MOST_PAGES = 1_000
READINGS = 3  # of a list that changes while it is read
SECOND = timedelta(seconds=1)

Params = Mapping[str, str | int]


class Invalid(Refused):
    """Status 400: what was sent does not fit what is there now. `said` is the answer's text."""

    def __init__(self, said: str) -> None:
        super().__init__(f"InvenTree refused: {said[:300]}")
        self.said = said


class Client:
    """One InvenTree. Safe for threads."""

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        connect_timeout: float,
        read_timeout: float,
        breaker: CircuitBreaker | None = None,
    ) -> None:
        headers = {"Authorization": f"Token {token}"}
        self._http = HttpClient(
            "inventory",
            f"{base_url.rstrip('/')}/api",
            headers,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            breaker=breaker,
        )
        self._is_refused = False
        self._lock = threading.Lock()
        self._told_as_of = datetime.min.replace(tzinfo=UTC)

    def close(self) -> None:
        self._http.close()

    def work(self, operation: str, timeout: float | None = None) -> "Work":
        """Begin an operation of several calls, measured under its name, that may take `timeout` seconds altogether."""
        return Work(self, operation, timeout)

    def write(self, operation: str, timeout: float | None = None) -> "Work":
        """The same for one that may change something: it ends in time for whoever speaks for a reservation."""
        return self.work(operation, LONGEST_OPERATION if timeout is None else timeout)

    def request(self, method: str, path: str, **options: Any) -> HttpResponse:
        """Raises: Unavailable, UnknownOutcome."""
        return answer_of(self._http, method, path, **options)

    def check_version(self, response: HttpResponse) -> None:
        """Every answer names its API version. Raises: Unavailable, and tells the operator once."""
        said = response.headers.get("X-InvenTree-API", "")
        if said.isdecimal() and int(said) >= OLDEST_API:
            self._is_refused = False
            return
        if not self._is_refused:
            log.error("inventree_version_refused", api=said or None, needed=OLDEST_API)
            self._is_refused = True
        seen = f"speaks API version {said}" if said else "is no InvenTree: its answers name no API version"
        raise Unavailable(f"The inventory system {seen}; this shop needs InvenTree with API {OLDEST_API} or newer.")

    def stamp(self, seen: datetime) -> datetime:
        """A strictly growing `as_of` within the second of the IMS's clock that was `seen` before the counting began.

        InvenTree's clock ticks in seconds, and a check-out's `at` is a whole second. So the fraction decides nothing
        between the two; it only keeps counts of one second in their order.
        """
        late = (datetime.now(UTC) - seen).total_seconds()
        last = seen + SECOND - timedelta(microseconds=1)
        with self._lock:
            wanted = seen + timedelta(seconds=min(max(late, 0.0), 0.999_999))
            if self._told_as_of >= wanted and self._told_as_of < last:
                wanted = max(wanted, self._told_as_of + timedelta(microseconds=1))
            self._told_as_of = max(self._told_as_of, wanted)
        return min(wanted, last)


class Work:
    """One operation: several calls, one budget. `date` is the IMS's clock at the latest answer, in whole seconds.

    Until it `acted`, whatever is unavailable has changed nothing that matters; from then on its outcome is unknown.
    """

    def __init__(self, client: Client, operation: str, timeout: float | None) -> None:
        self.client, self._operation = client, operation
        self._deadline = None if timeout is None else time.monotonic() + timeout
        self.acted = False
        self._date: datetime | None = None

    @property
    def date(self) -> datetime:
        if self._date is None:
            raise Unavailable("The inventory system's answer has no date.")
        return self._date

    @property
    def at(self) -> datetime:
        """An instant after the latest answer was written: the next whole second."""
        return self.date + SECOND

    def seconds_left(self) -> float | None:
        return None if self._deadline is None else self._deadline - time.monotonic()

    # Reading

    def get(self, path: str, parse: Callable[[Any], T], params: Params | None = None) -> T:
        """Raises: NotFound when there is no such row."""
        try:
            return self._read(self._ask("GET", path, params=params), parse)
        except UnknownOutcome as error:
            if self.acted:
                raise
            raise Unavailable(str(error)) from None
        except Unavailable as error:
            if not self.acted:
                raise
            raise UnknownOutcome(str(error)) from None

    def rows(self, path: str, parse: Callable[[Any], T], **params: str | int) -> list[T]:
        """A whole list. Read again when its length changed meanwhile: a page may then have skipped a row."""
        for _ in range(READINGS):
            found: dict[int, T] = {}
            totals: set[int] = set()
            for page, total in self._pages(path, parse, params):
                found.update(page)
                totals.add(total)
            if totals == {len(found)}:
                return list(found.values())
        raise Unavailable(f"The list {path} changes faster than it can be read.")

    def stream(self, path: str, parse: Callable[[Any], T], **params: str | int) -> Iterator[list[T]]:
        """The same a page at a time, each row once; in memory are a page and the keys of the rows.

        Read again, too, when the length changed. But what was told by then stands, also a row that is gone since.
        """
        told: set[int] = set()
        for _ in range(READINGS):
            found: set[int] = set()
            totals: set[int] = set()
            for page, total in self._pages(path, parse, params):
                yield [row for pk, row in page.items() if pk not in told]
                found.update(page)
                told.update(page)
                totals.add(total)
            if totals == {len(found)}:
                return
        raise Unavailable(f"The list {path} changes faster than it can be read.")

    def _pages(self, path: str, parse: Callable[[Any], T], params: Params) -> Iterator[tuple[dict[int, T], int]]:
        for number in range(MOST_PAGES):
            page = self.page(path, parse, number, **params)
            yield page
            if (number + 1) * PAGE >= page[1]:
                return
        raise Unavailable(f"The list {path} does not end.")

    def page(self, path: str, parse: Callable[[Any], T], number: int, **params: str | int) -> tuple[dict[int, T], int]:
        """Rows by primary key, and how many there are in all."""
        asked = {**params, "limit": PAGE, "offset": number * PAGE}
        return self.get(path, lambda data: (rows_in(data, parse), count_in(data)), asked)

    # Writing

    def write(self, method: str, path: str, json: object = None, *, decides: bool = False) -> Any:
        """Returns the answer's JSON, None for a 204. `decides`: from its success on, the operation has acted.

        Raises: Invalid, NotFound, RateLimited, Unavailable, UnknownOutcome.
        """
        try:
            response = self._ask(method, path, json={} if json is None else json)
            answer = None if response.status == 204 else self._read(response, lambda data: data)
        except UnknownOutcome:
            self.acted = self.acted or decides
            raise
        except Unavailable as error:
            if not self.acted:
                raise
            raise UnknownOutcome(str(error)) from None
        self.acted = self.acted or decides
        return answer

    # Both

    def _ask(self, method: str, path: str, **options: Any) -> HttpResponse:
        response = self.client.request(method, path, timeout=self.seconds_left(), operation=self._operation, **options)
        if response.status not in {200, 201, 204}:
            _refuse(response)
        self.client.check_version(response)
        self._date = _date_of(response) or self._date
        return response

    def _read(self, response: HttpResponse, parse: Callable[[Any], T]) -> T:
        try:
            return parse(response.json())
        except ValueError as error:
            raise UnknownOutcome(f"InvenTree's answer cannot be read: {error}") from None


def _date_of(response: HttpResponse) -> datetime | None:
    try:
        moment = parsedate_to_datetime(response.headers.get("Date", ""))
    except (ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC).replace(microsecond=0)


def _refuse(response: HttpResponse) -> NoReturn:
    """Raise what this status means; docs/inventree.md tells the operator what to do about it."""
    said = f"InvenTree answered {response.status}"
    is_json = response.media_type == "application/json"
    turn_back(response, said)
    match response.status:
        case 404 if is_json:
            raise NotFound(said)
        case 400 if is_json:
            raise Invalid(response.body[:2000].decode("utf-8", "replace"))
        case status if 400 <= status < 500 and status != 404 and is_json:
            raise Refused(said)
    raise UnknownOutcome(said)  # also refusals that InvenTree did not write, but something in between


def whole(number: float) -> int:
    """Pieces that are wholly there: a count of 2.5 is 2 to sell."""
    return max(math.floor(number + 1e-9), 0)
