"""What this shop asks of a push service, in our own words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class PushMessage:
    """token: of the phone. data: for the app, strings only. once: sent again with the same, it replaces the first."""

    token: str
    title: str
    body: str
    data: Mapping[str, str]
    once: str


class PushProvider(Protocol):
    def send(self, message: PushMessage) -> None:
        """Hand a message to the push service. Network. Raises: Unregistered, PushRefused, PushUnavailable."""


class Unregistered(Exception):
    """No app has this token any more: forget it."""


class PushRefused(Exception):
    """This message is refused for good."""


class PushUnavailable(Exception):
    """The service cannot be reached, or does not let us in, now: repeat. It may have sent the message all the same."""

    def __init__(self, said: str, *, retry_after: float = 0) -> None:
        super().__init__(said)
        self.retry_after = retry_after  # seconds
