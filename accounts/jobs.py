"""Housekeeping of sessions."""

from accounts import services
from core.queue import app


@app.periodic(cron="47 3 * * *")
@app.task(name="accounts.forget_old_sessions", queueing_lock="accounts.forget_old_sessions")
def forget_old_sessions(timestamp: int) -> None:
    """Keep the table of tokens as small as the number of phones in use."""
    services.forget_old_sessions()
