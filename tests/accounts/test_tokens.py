import json
import time
from datetime import timedelta

import jwt
import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from django.conf import settings
from django.utils import timezone
from jwt.utils import base64url_decode
from rest_framework_simplejwt.exceptions import TokenError

from accounts.tokens import LEEWAY, MOST_SEEN, AccessToken, jwks, key_ring, thumbprint
from tests.accounts.forging import claims, new_key, public_half, signed
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db

RFC_7638_MODULUS = (
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs"
    "tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5ha"
    "jrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
)


def refused(token: str) -> str:
    with pytest.raises(TokenError) as refusal:
        AccessToken(token)
    return str(refusal.value)


def test_a_key_is_named_by_its_rfc_7638_thumbprint():
    key = RSAPublicNumbers(e=65537, n=int.from_bytes(base64url_decode(RFC_7638_MODULUS))).public_key()

    assert thumbprint(key) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_a_token_says_who_by_whom_for_whom_and_until_when():
    user = UserFactory(token_version=3)

    said = jwt.decode(str(AccessToken.for_user(user)), options={"verify_signature": False})

    assert said.pop("jti")
    assert said.pop("exp") - said.pop("iat") == 600
    assert said == {
        "iss": "cat-travel-logistics",
        "aud": "cat-travel-app",
        "sub": str(user.pk),
        "token_type": "access",
        "ver": 3,
    }


def test_a_token_is_read_back_as_its_user():
    user = UserFactory(token_version=3)

    token = AccessToken(str(AccessToken.for_user(user)))

    assert (token.user_id, token.version) == (user.pk, 3)


def test_no_two_tokens_are_the_same():
    user = UserFactory()

    assert str(AccessToken.for_user(user)) != str(AccessToken.for_user(user))


def test_anybody_can_check_a_token_with_the_published_keys():
    user = UserFactory()
    token = str(AccessToken.for_user(user))
    published = jwt.PyJWKSet.from_json(json.dumps(jwks()))

    key = published[jwt.get_unverified_header(token)["kid"]]
    said = jwt.decode(token, key, algorithms=["RS256"], audience="cat-travel-app", issuer="cat-travel-logistics")

    assert said["sub"] == str(user.pk)


def test_the_published_keys_hold_nothing_private():
    assert [sorted(key) for key in jwks()["keys"]] == [["alg", "e", "kid", "kty", "n", "use"]]


def test_after_a_rotation_old_tokens_are_good_and_new_ones_name_the_new_key(settings):
    user = UserFactory()
    old_key, old_kid, old_token = settings.JWT_PRIVATE_KEY, key_ring().kid, str(AccessToken.for_user(user))

    settings.JWT_PRIVATE_KEY = new_key()
    settings.JWT_PREVIOUS_PUBLIC_KEYS = [public_half(old_key).replace("\n", "\\n")]

    assert AccessToken(old_token).user_id == user.pk
    assert jwt.get_unverified_header(str(AccessToken.for_user(user)))["kid"] == key_ring().kid != old_kid
    assert {key["kid"] for key in jwks()["keys"]} == {key_ring().kid, old_kid}


def test_a_key_that_was_withdrawn_verifies_nothing(settings):
    token = str(AccessToken.for_user(UserFactory()))

    settings.JWT_PRIVATE_KEY = new_key()

    assert refused(token)


def test_a_previous_key_must_be_an_rsa_key(settings):
    ed25519 = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="
    settings.JWT_PREVIOUS_PUBLIC_KEYS = [f"-----BEGIN PUBLIC KEY-----\n{ed25519}\n-----END PUBLIC KEY-----"]

    with pytest.raises(TypeError, match="RSA"):
        key_ring()


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "iat", "exp", "jti", "token_type", "ver"])
def test_every_claim_is_required(claim):
    assert refused(signed(claims(UserFactory(), **{claim: None})))


@pytest.mark.parametrize(
    "changes",
    [
        {"sub": "not-a-uuid"},
        {"sub": 7},
        {"ver": "0"},
        {"ver": True},
        {"token_type": "refresh"},
        {"aud": "somebody-else"},
        {"iss": "somebody-else"},
        {"iat": 99_999_999_999},
    ],
)
def test_a_claim_with_a_wrong_value_is_refused_although_the_signature_is_good(changes):
    assert refused(signed(claims(UserFactory(), **changes)))


@pytest.mark.parametrize(("claim", "offset"), [("iat", 3), ("nbf", 3), ("exp", -3)])
def test_clocks_may_differ_by_a_few_seconds(claim, offset):
    user, now = UserFactory(), int(time.time())

    assert AccessToken(signed(claims(user, **{claim: now + offset}))).user_id == user.pk


@pytest.mark.parametrize(("claim", "offset"), [("iat", 9), ("nbf", 9), ("exp", -9)])
def test_clocks_may_not_differ_by_more(claim, offset):
    assert refused(signed(claims(UserFactory(), **{claim: int(time.time()) + offset})))


def test_a_token_cannot_be_read_without_being_checked():
    with pytest.raises(TokenError):
        AccessToken(signed(claims(UserFactory()), key=new_key()), verify=False)


def test_a_token_without_a_key_name_is_refused():
    token = jwt.encode(claims(UserFactory()), settings.JWT_PRIVATE_KEY, algorithm="RS256")

    assert refused(token)


def test_a_token_that_was_seen_is_the_same_again_until_it_expires():
    raw = str(AccessToken.for_user(UserFactory()))
    seen = AccessToken.seen(raw)

    assert AccessToken.seen(raw) is seen
    later = time_machine.travel(timezone.now() + timedelta(minutes=10, seconds=LEEWAY), tick=False)
    with later, pytest.raises(TokenError):
        AccessToken.seen(raw)


def test_what_is_not_the_token_that_was_seen_is_checked_as_ever():
    raw = str(AccessToken.for_user(UserFactory()))
    AccessToken.seen(raw)
    head, _, signature = raw.split(".")
    other = str(AccessToken.for_user(UserFactory())).split(".")[1]

    with pytest.raises(TokenError):
        AccessToken.seen(f"{head}.{other}.{signature}")


def test_a_key_that_was_withdrawn_verifies_nothing_that_was_seen(settings):
    raw = str(AccessToken.for_user(UserFactory()))
    AccessToken.seen(raw)
    settings.JWT_PRIVATE_KEY = new_key()

    with pytest.raises(TokenError):
        AccessToken.seen(raw)


def test_so_many_tokens_are_remembered_and_no_more():
    seen = key_ring().seen
    token = AccessToken.for_user(UserFactory())
    seen.update({number.to_bytes(4): token for number in range(MOST_SEEN - len(seen))})

    AccessToken.seen(str(token))

    assert list(seen.values()) == [AccessToken.seen(str(token))]
