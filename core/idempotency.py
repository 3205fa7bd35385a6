"""A POST that creates or moves money happens once, however often a phone has to send it.

The client sends `Idempotency-Key`. The key is claimed in a transaction of its own; the answer is stored when the work
is done: with `atomic=True` in the very transaction that did it. A process that dies leaves a claim that ends by
itself; the repeat then runs the service again, and services under a key are safe to repeat by their own unique rules.
Whoever has lost a claim that way can no longer write to it: with `atomic=True` its work is undone.
"""

import contextlib
import functools
import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseProblem
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from core.errors import DomainError
from core.models import IdempotencyKey
from core.postgres import prepared_cursor
from core.postgres.prepared import Given, PreparedUpdate
from core.problems import problem_of

LEASE: timedelta = settings.IDEMPOTENCY_LEASE  # longer than any request lives: each call it makes outside is bounded
KEPT = timedelta(days=90)
LONGEST_KEY = 255


class IdempotencyKeyMissing(DomainError):
    code = "idempotency_key_missing"
    title = "This request needs an Idempotency-Key header: a value you keep and send again when you repeat it."
    status = 400


class IdempotencyKeyInvalid(DomainError):
    code = "idempotency_key_invalid"
    title = "Idempotency-Key must be 1 to 255 printable ASCII characters; a UUID is a good choice."
    status = 400


class IdempotencyKeyReused(DomainError):
    code = "idempotency_key_reused"
    title = "This Idempotency-Key was sent with another request before; use a new key for a new request."
    status = 422


class RequestInProgress(DomainError):
    code = "request_in_progress"
    title = "The same request is still being worked on; ask again in a moment."
    retry_after = 1


def fingerprint(request: Request) -> str:
    """SHA-256 over method, path and body; JSON bodies count by meaning, not by white space or order of keys."""
    body = json.dumps(request.data, sort_keys=True, cls=JSONEncoder)
    return hashlib.sha256(f"{request.method} {request.path}\n{body}".encode()).hexdigest()


def idempotent(*, atomic: bool) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
    """Make a view method answer repeats of one request with one answer.

    atomic=True: the handler only touches the database, and its writes commit together with the stored answer.
    atomic=False: the handler talks to outside systems between its own transactions and is safe to repeat.
    Raises: IdempotencyKeyMissing, IdempotencyKeyInvalid, IdempotencyKeyReused, RequestInProgress.
    """

    def decorate(handler: Callable[..., Response]) -> Callable[..., Response]:
        @functools.wraps(handler)
        def wrapper(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
            claim = _claim(request)
            if claim.state == IdempotencyKey.State.SUCCEEDED:
                return _replay(claim)
            try:
                with transaction.atomic() if atomic else contextlib.nullcontext():
                    response = handler(view, request, *args, **kwargs)
                    if not _store(claim, response) and atomic:
                        raise RequestInProgress  # it took longer than its lease, and a repeat is at it
                    return response
            except (DomainError, APIException) as refusal:
                problem = problem_of(refusal)
                _end(claim, IdempotencyKey.State.REFUSED, problem.status, problem.body)
                raise
            except Exception:
                _free(claim)
                raise

        wrapper.needs_idempotency_key = True  # type: ignore[attr-defined]  # core.schema documents the header
        return wrapper

    return decorate


def _claim(request: Request) -> IdempotencyKey:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        raise IdempotencyKeyMissing
    if not 1 <= len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise IdempotencyKeyInvalid
    claim = IdempotencyKey(
        owner=str(request.user.pk),
        key=key,
        request_hash=fingerprint(request),
        operation=f"{request.method} {request.path}"[:100],
        running_until=timezone.now() + LEASE,
    )
    while not _is_new(claim):
        if (earlier := _join(claim)) is not None:
            return earlier
    return claim


def _is_new(claim: IdempotencyKey) -> bool:
    with prepared_cursor() as cursor:
        cursor.execute(_CLAIM, {name: getattr(claim, name) for name in _CLAIMED})
        row = cursor.fetchone()
    if row is not None:
        [claim.pk] = row
    return row is not None


# Every order and every payment begins with it: one statement instead of a transaction that may fail.
_CLAIMED = ("owner", "key", "request_hash", "operation", "state", "running_until")
_CLAIM = """
INSERT INTO core_idempotencykey (owner, key, request_hash, operation, state, running_until, created_at)
VALUES (%(owner)s, %(key)s, %(request_hash)s, %(operation)s, %(state)s, %(running_until)s, now())
ON CONFLICT (owner, key) DO NOTHING RETURNING id
"""


@transaction.atomic
def _join(claim: IdempotencyKey) -> IdempotencyKey | None:
    """A repeat: the earlier claim if it has its answer, or is refused or given up and so tried anew.

    None when it has gone meanwhile: a bug had freed the key.
    """
    earlier = IdempotencyKey.objects.select_for_update().filter(owner=claim.owner, key=claim.key).first()
    if earlier is None:
        return None
    if earlier.request_hash != claim.request_hash:
        raise IdempotencyKeyReused
    if earlier.state == IdempotencyKey.State.SUCCEEDED:
        return earlier
    if earlier.state == IdempotencyKey.State.RUNNING and earlier.running_until > timezone.now():
        raise RequestInProgress
    earlier.state, earlier.running_until = IdempotencyKey.State.RUNNING, claim.running_until
    earlier.save(update_fields=["state", "running_until"])
    return earlier


def _replay(claim: IdempotencyKey) -> Response:
    return Response(claim.response_body, status=claim.response_status, headers={"Idempotent-Replayed": "true"})


def _store(claim: IdempotencyKey, response: Response) -> bool:
    return _end(claim, IdempotencyKey.State.SUCCEEDED, response.status_code, response.data)


def _end(claim: IdempotencyKey, state: IdempotencyKey.State, status: int, body: Any) -> bool:
    """Write down how it ended; False if the claim is no longer ours."""
    plain = json.loads(json.dumps(body, cls=JSONEncoder))
    ended = {"state": state, "response_status": status, "response_body": plain}
    return _ENDED.run(pk=claim.pk, lease=claim.running_until, **ended) == 1


def _free(claim: IdempotencyKey) -> None:
    """Let a repeat run at once. Where the database is away the lease ends it: the first error is the one to tell."""
    for _ in range(2):  # a restart ends one session after the other: the next one that is lent may just be dying too
        with contextlib.suppress(DatabaseProblem):
            _ours(claim.pk, claim.running_until).delete()
            return
        connection.close()


def _ours(key: Any, lease: Any) -> QuerySet[IdempotencyKey]:
    """The claim's row, unless it was given up and taken over: each taking has an end of its own."""
    return IdempotencyKey.objects.filter(pk=key, state=IdempotencyKey.State.RUNNING, running_until=lease)


_ENDED = PreparedUpdate(lambda: _ours(Given("pk"), Given("lease")), "state", "response_status", "response_body")


def forget_keys_of(owner: str) -> None:
    """Delete what was answered to somebody who is to be forgotten; a request that runs cannot end any more."""
    IdempotencyKey.objects.filter(owner=owner).delete()


def forget_old_keys() -> int:
    """Delete the keys that are older than any repeat. Returns how many."""
    deleted, _ = IdempotencyKey.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
    return deleted
