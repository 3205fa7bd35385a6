"""Firebase Cloud Messaging, HTTP v1: reaches Android phones, and iPhones through Apple's service.

Source: https://firebase.google.com/docs/cloud-messaging/send/v1-api and .../reference/fcm/rest/v1/ErrorCode.
"""

import threading
import time
from typing import Any
from urllib.parse import urlencode

import jwt

from core.http import HttpClient, HttpError, HttpResponse
from core.logging import get_logger
from payments.providers.push.base import PushMessage, PushRefused, PushUnavailable, Unregistered

log = get_logger(__name__)

_SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
_AUDIENCE = "https://oauth2.googleapis.com/token"
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LIFETIME = 3600  # seconds, the most that Google signs for
_MARGIN = 120
_BACK_OFF = 60.0  # as Firebase asks when it names no other time
_GONE = frozenset({"UNREGISTERED", "SENDER_ID_MISMATCH"})


class FcmPushProvider:
    """One Firebase project, spoken to as one service account. Safe for threads."""

    def __init__(self, *, project: str, account: str, private_key: str, url: str, auth_url: str) -> None:
        self._path = f"/v1/projects/{project}/messages:send"
        self._account, self._private_key = account, private_key
        self._fcm, self._auth = HttpClient("fcm", url), HttpClient("google-auth", auth_url)
        self._lock = threading.Lock()
        self._token, self._token_ends = "", 0.0

    def send(self, message: PushMessage) -> None:
        wrapped = {
            "message": {
                "token": message.token,
                "notification": {"title": message.title, "body": message.body},
                "data": dict(message.data),
                "android": {"collapse_key": message.once[:64]},
                "apns": {"headers": {"apns-collapse-id": message.once[:64]}},
            }
        }
        headers = {"Authorization": f"Bearer {self._access_token()}", "Content-Type": "application/json"}
        try:
            answer = self._fcm.request("POST", self._path, json=wrapped, headers=headers, operation="send")
        except HttpError as error:
            raise PushUnavailable(str(error)) from None
        self._read(answer)

    def _read(self, answer: HttpResponse) -> None:
        code = _error_code(answer)
        match answer.status:
            case 200:
                return
            case 404 | 403 if code in _GONE:
                raise Unregistered(code)
            case 429:
                raise PushUnavailable(code, retry_after=answer.retry_after(_BACK_OFF))
            case 401 | 403:  # ours to mend: no phone is forgotten for it
                self._token_ends = 0.0
                log.error("push_credentials_refused", status=answer.status, code=code)
                raise PushUnavailable(code)
            case status if status >= 500:
                raise PushUnavailable(code, retry_after=answer.retry_after(0))
            case status:
                raise PushRefused(f"{status} {code}")

    def _access_token(self) -> str:
        """Of the service account, kept until shortly before it ends. Raises: PushUnavailable."""
        with self._lock:
            if time.time() < self._token_ends - _MARGIN:
                return self._token
            now = int(time.time())
            claims = {"iss": self._account, "scope": _SCOPE, "aud": _AUDIENCE, "iat": now, "exp": now + _LIFETIME}
            grant = {"grant_type": _GRANT, "assertion": jwt.encode(claims, self._private_key, algorithm="RS256")}
            form = {"Content-Type": "application/x-www-form-urlencoded"}
            try:
                body = urlencode(grant).encode()
                answer = self._auth.request("POST", "/token", body=body, headers=form, operation="token")
                granted = answer.json() if answer.status == 200 else {}
                self._token, seconds = str(granted["access_token"]), float(granted["expires_in"])
            except HttpError as error:
                raise PushUnavailable(str(error)) from None
            except (ValueError, KeyError, TypeError):
                log.error("push_credentials_refused", status=answer.status, code="token")
                raise PushUnavailable(f"no access token: {answer.status}") from None
            self._token_ends = now + seconds
            return self._token


def _error_code(answer: HttpResponse) -> str:
    """FCM's own code in an error, else Google's; "" for what is none."""
    try:
        error: Any = answer.json()["error"]
        ours = [detail["errorCode"] for detail in error.get("details", []) if "errorCode" in detail]
        return str((ours or [error.get("status", "")])[0])
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""
