"""For a desk: what phones would be told is a line in the log. No token is in it."""

from core.logging import get_logger
from payments.providers.push.base import PushMessage

log = get_logger(__name__)


class ConsolePushProvider:
    def send(self, message: PushMessage) -> None:
        log.info("push_told", title=message.title, **message.data)
