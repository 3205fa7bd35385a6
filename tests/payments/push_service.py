"""Firebase's side of a push, on a loopback socket: checks who asks, and answers as a test wants it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

PROJECT, ACCOUNT = "cat-travel-test", "shop@cat-travel-test.iam.gserviceaccount.com"
_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PRIVATE_KEY = _KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()


def refusal(status: int, code: str, *, fcm: str = "") -> tuple[int, dict[str, Any]]:
    """An error as FCM's reference shows it."""
    kind = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
    details = [{"@type": kind, "errorCode": fcm}] if fcm else []
    return status, {"error": {"code": status, "message": "made up", "status": code, "details": details}}


UNREGISTERED = refusal(404, "NOT_FOUND", fcm="UNREGISTERED")
BROKEN = refusal(503, "UNAVAILABLE", fcm="UNAVAILABLE")
QUOTA = refusal(429, "RESOURCE_EXHAUSTED", fcm="QUOTA_EXCEEDED")
INVALID = refusal(400, "INVALID_ARGUMENT", fcm="INVALID_ARGUMENT")
NOT_LET_IN = refusal(401, "UNAUTHENTICATED", fcm="THIRD_PARTY_AUTH_ERROR")


@dataclass
class PushService:
    """messages: what was sent, newest last. answer: what it says to the next ones; None: it takes them."""

    url: str
    messages: list[dict[str, Any]] = field(default_factory=list)
    tokens: int = 0
    answer: tuple[int, dict[str, Any]] | None = None
    lets_in: bool = True

    def grant(self, form: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        claims = jwt.decode(
            form["assertion"][0],
            _KEY.public_key(),
            algorithms=["RS256"],
            audience="https://oauth2.googleapis.com/token",
            options={"verify_iat": False, "verify_exp": False},  # the test's clock is not this thread's
        )
        if claims["iss"] != ACCOUNT or not claims["scope"].endswith("firebase.messaging") or not self.lets_in:
            return 400, {"error": "invalid_grant"}
        self.tokens += 1
        return 200, {"access_token": f"ya29.{self.tokens}", "expires_in": 3599, "token_type": "Bearer"}

    def take(self, path: str, bearer: str, message: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if path != f"/v1/projects/{PROJECT}/messages:send" or bearer != f"Bearer ya29.{self.tokens}":
            return NOT_LET_IN
        if self.answer is not None:
            return self.answer
        self.messages.append(message["message"])
        return 200, {"name": f"projects/{PROJECT}/messages/{len(self.messages)}"}


@contextmanager
def running() -> Iterator[PushService]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/token":
                status, answer = service.grant(parse_qs(body.decode()))
            else:
                status, answer = service.take(self.path, self.headers["Authorization"], json.loads(body))
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            if status == 429:
                self.send_header("Retry-After", "90")
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    service = PushService(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        thread.join(timeout=2)
        server.server_close()
