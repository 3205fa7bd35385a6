"""Housekeeping of sessions and phones."""

from accounts import services
from core.queue import app


@app.periodic(cron="47 3 * * *")
@app.task(name="accounts.forget_old_sessions", queueing_lock="accounts.forget_old_sessions")
def forget_old_sessions(timestamp: int) -> None:
    """Keep the table of tokens as small as the number of phones in use."""
    services.forget_old_sessions()


@app.periodic(cron="57 3 * * *")
@app.task(name="accounts.forget_idle_devices", queueing_lock="accounts.forget_idle_devices")
def forget_idle_devices(timestamp: int) -> None:
    """Forget phones whose app has not been opened for nine months."""
    services.forget_idle_devices()
