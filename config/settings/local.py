"""`make run`: production's ways on one desk, without TLS."""

from config import env
from config.settings.base import *  # noqa: F403
from core.logging import logging_config

SERVE_MEDIA = True
LOGGING = logging_config(level=env.level("LOG_LEVEL", "INFO"), json=False)
