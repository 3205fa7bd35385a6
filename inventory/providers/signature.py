"""The signature of a push, the same for every adapter: `t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">[,v1=...]`."""

import hashlib
import hmac
import re
import time
from collections.abc import Callable, Mapping, Sequence

from inventory.providers.base import PushRejected

HEADER = "x-inventory-signature"
TOLERANCE = 300.0  # seconds


class PushSignature:
    """Tells a push of the IMS from anybody's.

    secrets: every secret that may sign now (the new and the old one during a rotation). An empty one is none: it would
    sign anybody's push.
    """

    def __init__(self, secrets: Sequence[str], clock: Callable[[], float] = time.time) -> None:
        self._secrets = [secret.encode() for secret in secrets if secret]
        self._clock = clock

    @property
    def is_known(self) -> bool:
        """True if there is a secret at all."""
        return bool(self._secrets)

    def verify(self, *, headers: Mapping[str, str], body: bytes) -> None:
        """Raises: PushRejected."""
        value = next((text for name, text in headers.items() if name.lower() == HEADER), "")
        match = re.fullmatch(r"t=([0-9]{1,12})((?:,v1=[0-9a-f]{64}){1,8})", value.strip())
        if match is None:
            raise PushRejected("The push carries no signature.")
        if not self._is_signed(match[1], match[2].split(",v1=")[1:], body):
            raise PushRejected("The push is not signed with a secret of ours.")
        if abs(self._clock() - int(match[1])) > TOLERANCE:
            raise PushRejected("The push is too old, or from the future.")

    def _is_signed(self, stamp: str, signatures: Sequence[str], body: bytes) -> bool:
        message = stamp.encode() + b"." + body
        ours = [hmac.new(secret, message, hashlib.sha256).hexdigest() for secret in self._secrets]
        return any(hmac.compare_digest(mine, theirs) for mine in ours for theirs in signatures)
