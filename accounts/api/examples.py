"""What the OpenAPI document shows of requests and answers: of the demo's customer, and of one who is new there."""

from typing import Any

from drf_spectacular.utils import OpenApiExample

from accounts.errors import EmailTaken, InvalidCredentials, RefreshTokenInvalid, RefreshTokenReused
from core.schema import refused

_CREDENTIALS = {"email": "mia@example.com", "password": "cat-travel-demo"}
_NEW_CREDENTIALS = {"email": "noa@example.com", "password": "a long walk home"}
_REFRESH_TOKEN = "qk3Vb0mS0mE43CharactersOfPureRandomness_x9A"  # noqa: S105 (made up)
_ME = {
    "id": "0198f3a2-7c1e-7d00-b1f0-2f6f2f1f9a01",
    "email": "mia@example.com",
    "name": "Mia Sommer",
    "joined_at": "2026-11-24T09:30:00Z",
}
_NEW = {**_ME, "email": "noa@example.com", "name": "Noa Lind"}
_SESSION = {
    "access_token": "eyJhbGciOiJSUzI1NiIsImtpZCI6IkNfbE0ifQ.eyJzdWIiOiIwMTk4ZjNhMiJ9.c2lnbmF0dXJl",
    "token_type": "Bearer",
    "expires_in": 600,
    "refresh_token": _REFRESH_TOKEN,
    "user": _ME,
}
_CAT = {
    "name": "Miso",
    "length_mm": 460,
    "elbow_height_mm": 140,
    "width_mm": 160,
    "height_mm": 280,
    "weight_g": 4300,
    "snub_nosed": False,
    "born_on": "2021-05-04",
}
_ADDRESS = {
    "recipient": "Mia Sommer",
    "line1": "Kastanienallee 12",
    "line2": "",
    "postal_code": "10435",
    "city": "Berlin",
    "country": "DE",
    "phone": "+49 30 5550123",
}
_DEVICE = {"platform": "ios", "name": "Mia's phone"}
_SAVED = {"id": "0198f3a2-8d2f-7a10-9c3e-5b7d1e2f3a4b", "created_at": "2026-11-24T09:31:00Z"}


def sent(name: str, value: Any) -> OpenApiExample:
    return OpenApiExample(name, value=value, request_only=True)


def answered(name: str, value: Any, *statuses: str) -> OpenApiExample:
    return OpenApiExample(name, value=value, response_only=True, status_codes=list(statuses) or ["200"])


EMAIL_TAKEN = refused(EmailTaken)
WRONG_CREDENTIALS = refused(InvalidCredentials)
SESSION_OVER = refused(RefreshTokenInvalid, RefreshTokenReused)

REGISTER = [
    sent("a new customer", {**_NEW_CREDENTIALS, "name": "Noa Lind", "device_name": "Noa's phone"}),
    answered("registered and logged in", {**_SESSION, "user": _NEW}, "201"),
]
LOG_IN = [
    sent("e-mail and password", {**_CREDENTIALS, "device_name": "Mia's phone"}),
    answered("logged in", _SESSION),
]
REFRESH = [sent("the last refresh token", {"refresh_token": _REFRESH_TOKEN}), answered("the next tokens", _SESSION)]
LOG_OUT = [sent("the last refresh token", {"refresh_token": _REFRESH_TOKEN})]
ME = [answered("a customer", _ME)]
UPDATE_ME = [sent("another name", {"name": "Mia Sommer"}), *ME]
EXPORT = [
    answered(
        "a customer who has not ordered yet",
        {
            "profile": _ME,
            "cats": [{**_CAT, "created_at": _SAVED["created_at"]}],
            "addresses": [{**_ADDRESS, "created_at": _SAVED["created_at"]}],
            "sessions": [{"device_name": "Mia's phone", "created_at": "2026-11-24T09:30:00Z", "revoked_at": None}],
            "orders": [],
            "statements": [],
        },
    )
]
CAT = [answered("a cat", {**_CAT, **_SAVED}, "200", "201")]
CATS = [answered("one cat", {**_CAT, **_SAVED})]
CREATE_CAT = [sent("a cat", _CAT), *CAT]
UPDATE_CAT = [sent("a new weight", {"weight_g": 4350}), *CAT]
ADDRESS = [answered("an address", {**_ADDRESS, **_SAVED}, "200", "201")]
ADDRESSES = [answered("one address", {**_ADDRESS, **_SAVED})]
CREATE_ADDRESS = [sent("an address", _ADDRESS), *ADDRESS]
UPDATE_ADDRESS = [sent("a new phone number", {"phone": "+49 30 7654321"}), *ADDRESS]
DEVICES = [answered("one phone", {**_SAVED, **_DEVICE, "seen_at": "2026-11-24T09:31:00Z"})]
CREATE_DEVICE = [
    sent("a phone", {"token": "fQz1-made-up:APA91bHPRgkF3J", **_DEVICE}),
    answered("it will be told", {**_SAVED, **_DEVICE, "seen_at": "2026-11-24T09:31:00Z"}, "201"),
]
