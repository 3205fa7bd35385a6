"""The product on a machine that is slow between counting and writing. Nothing else is changed."""

import time
from collections.abc import Sequence
from typing import Any

from config.wsgi import application
from inventory.services import holds

count = holds.require_free
pause = {"seconds": 0.1}  # fifty of them one after the other are not more than a lock may be waited for


def count_and_dawdle(claims: Sequence[holds.Claim], **more: Any) -> None:
    count(claims, **more)
    time.sleep(pause["seconds"])


holds.require_free = count_and_dawdle

__all__ = ["application"]
