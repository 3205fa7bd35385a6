"""What of the programs' words reaches the terminal of `make run`: what somebody should read now."""

from deploy.local.children import is_warning

WEB = """\
{"timestamp": "x", "level": "info", "logger": "gunicorn.error", "event": "Booting worker"}
2026-11-25T21:19:25Z [info     ] order_confirmed                [payments] order=CT-1
2026-11-25T21:19:26Z [error    ] refund_failed                  [payments] refund=1
Traceback (most recent call last):
  File "x.py", line 1, in <module>
{"timestamp": "x", "level": "warning", "logger": "gunicorn.error", "event": "Worker died"}
{"timestamp": "x", "level": "info", "logger": "gunicorn.access", "event": "request"}
Launching a worker on all queues
Traceback (most recent call last):
ZeroDivisionError: division by zero
"""


def test_warnings_and_tracebacks_are_shown_and_news_are_not() -> None:
    shown, warns = [], False
    for line in WEB.splitlines():
        warns = is_warning(line, before=warns)
        shown += [line.split()[0]] if warns else []

    assert shown == ["2026-11-25T21:19:26Z", "Traceback", "File", '{"timestamp":', "Traceback", "ZeroDivisionError:"]
