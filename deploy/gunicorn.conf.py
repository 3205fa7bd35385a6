"""How gunicorn serves: `python -m deploy.web`. Its knobs are explained in deploy/env.example."""

# ruff: noqa: N999 (the name that gunicorn gives its configuration)

import datetime as dt
import gc
import importlib
import json
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any

from gunicorn.glogging import Logger  # type: ignore[import-untyped]
from gunicorn.sock import create_sockets  # type: ignore[import-untyped]
from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

from config import env
from core.logging import without_secret

SHARED_MEMORY = Path("/dev/shm")

bind = env.names("BIND", ["127.0.0.1:8000"])
workers = env.integer("WEB_CONCURRENCY", 2, at_least=1)
threads = env.integer("WEB_THREADS", 8, at_least=1)
keepalive = 75  # longer than a gateway keeps its idle connections: the gateway is the one to close them
timeout = 60
graceful_timeout = env.integer("GRACEFUL_TIMEOUT", 30, at_least=1)
max_requests = env.integer("MAX_REQUESTS", 20_000)  # bounds what a leak can cost
max_requests_jitter = max_requests // 4  # never all at once
forwarded_allow_ips = env.text("FORWARDED_ALLOW_IPS", "127.0.0.1,::1")  # who may say that TLS was used
# The heartbeat file on a disk can block a worker for as long as the disk is busy.
worker_tmp_dir = str(SHARED_MEMORY) if os.access(SHARED_MEMORY, os.W_OK) else None
control_socket_disable = True  # it would live outside the checkout, under $HOME
accesslog = "-" if env.flag("ACCESS_LOG", default=True) else None
proc_name = "cat-travel-web"


class JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        at = dt.datetime.fromtimestamp(record.created, tz=dt.UTC).isoformat(timespec="milliseconds")
        line = {"timestamp": at, "level": record.levelname.lower(), "logger": record.name, "event": record.getMessage()}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps({**line, **getattr(record, "fields", {})})


class JsonLogger(Logger):  # type: ignore[misc]
    """One JSON object a line. A request is told by what was done to it, never by whom: no query string, no address,
    no user agent, no referrer."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for log in (self.error_log, self.access_log):
            for handler in log.handlers:
                handler.setFormatter(JsonLines())

    def access(self, resp: Any, _req: Any, environ: dict[str, Any], request_time: dt.timedelta) -> None:
        fields = {
            "method": environ.get("REQUEST_METHOD"),
            "path": without_secret(str(environ.get("PATH_INFO"))),
            "status": int(str(resp.status).split(maxsplit=1)[0]),
            "milliseconds": round(request_time / dt.timedelta(milliseconds=1), 1),
            "bytes": getattr(resp, "sent", None),
        }
        self.access_log.info("request", extra={"fields": fields})


logger_class = JsonLogger


class ProblemSocket:
    """The way to a client whose request gunicorn itself refuses: its page leaves as a problem document."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def sendall(self, page: bytes) -> None:
        status_line = page.partition(b"\r\n")[0]
        status = int(status_line.split()[1])
        code, title = PROBLEMS.get(
            status, ("bad_request" if status < 500 else "internal_error", "No request that can be read.")
        )
        problem = {"type": f"/api/errors/#{code}", "title": title, "status": status, "detail": title, "code": code}
        body = json.dumps(problem).encode()
        headers = f"Connection: close\r\nContent-Type: application/problem+json\r\nContent-Length: {len(body)}"
        self._client.sendall(b"\r\n".join([status_line, headers.encode(), b"", body]))


PROBLEMS = {
    414: ("uri_too_long", "The address is longer than the shop reads."),
    431: ("headers_too_large", "The headers are larger than the shop reads."),
}


class ProblemWorker(ThreadWorker):  # type: ignore[misc]
    """Every error leaves the shop as a problem document (core.problems), also those of a request that never got in."""

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        super().handle_error(req, ProblemSocket(client), addr, exc)


class OwnQueueWorker(ProblemWorker):
    """A threaded worker with a queue of incoming connections of its own.

    Workers that share one queue do not share its load: with connections that are kept alive, the one that was awake
    first takes most of them. Gunicorn's own `reuse_port` gives each worker a queue, but a queue dies with its worker,
    and the connections waiting in it are refused at every `max_requests`. So the master keeps all queues open, each
    worker serves one, and looks into its siblings' for what nobody is there to accept.
    """

    siblings: tuple[Any, ...] = ()

    def notify(self) -> None:
        super().notify()
        if self.alive and self._accepting:
            for listener in self.siblings:
                self.accept(listener)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        super().wait_for_and_dispatch_events(min(timeout, 0.2))


def read_settings(server: Any) -> None:
    """Once, before there are workers: bad configuration ends the server, and not one worker after the other."""
    if server.app.app_uri.partition(":")[0] == "config.wsgi":
        importlib.import_module(os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production"))


if sys.platform == "linux":  # elsewhere SO_REUSEPORT does not spread connections
    worker_class: object = OwnQueueWorker
    queues: list[list[Any]] = []  # one set of listeners for each worker

    def on_starting(server: Any) -> None:
        read_settings(server)
        if any(isinstance(address, str) for address in server.cfg.address):
            return  # a Unix socket has one queue
        server.cfg.set("reuse_port", True)
        queues.extend(create_sockets(server.cfg, server.log) for _ in range(server.cfg.workers))
        server.cfg.set("reuse_port", False)  # or each worker would open one more
        server.LISTENERS = [listener for queue in queues for listener in queue]

    def pre_fork(server: Any, worker: Any) -> None:
        if not queues:
            return
        served = [other.sockets for other in server.WORKERS.values()]
        worker.sockets = min(queues, key=served.count)
        worker.siblings = tuple(listener for queue in queues if queue is not worker.sockets for listener in queue)

else:
    worker_class = ProblemWorker
    on_starting = read_settings


def when_ready(_server: Any) -> None:
    """A worker that is told to stop before it has handlers of its own ends at once.

    Until then it has the master's, which would swallow the signal; the server would wait for it in vain.
    """
    master = os.getpid()

    def ending(handler: Any) -> Any:
        def handle(number: int, frame: Any) -> None:
            if os.getpid() != master:
                os._exit(0)
            handler(number, frame)

        return handle

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, ending(signal.getsignal(number)))


def post_worker_init(_worker: Any) -> None:
    """What is loaded stays for good: to look through it for garbage took 80 ms, in which a worker answered nobody."""
    gc.collect()
    gc.freeze()


def child_exit(_server: Any, worker: Any) -> None:
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
