"""A server on the internet starts with a good configuration, and with no other."""

import re
from typing import Any

import pytest
from cryptography.fernet import Fernet

from tests.config.starting import PRODUCTION, Ended, start, start_each
from tests.config.test_env import KEY, pem

EX_CONFIG = 78
GOOD = {
    "DJANGO_SETTINGS_MODULE": PRODUCTION,
    "SECRET_KEY": "kZ8-q3vXw_7Rt2Yp9LmNc4Bs6Df1Gh5Jk0QaWeUiOzXyVb-TnMr",
    "ALLOWED_HOSTS": "shop.example.com",
    "PUBLIC_URL": "https://shop.example.com",
    "DATABASE_URL": "postgres://shop:hunter2@127.0.0.1:9/shop",
    "JWT_PRIVATE_KEY": pem(KEY).replace("\n", "\\n"),
    "FIELD_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
    "STRIPE_SECRET_KEY": "sk_live_" + "a1" * 24,
    "STRIPE_PUBLISHABLE_KEY": "pk_live_" + "b2" * 24,
    "STRIPE_WEBHOOK_SECRETS": "whsec_" + "c3" * 16,
    "INVENTORY_URL": "https://inventory.example.com",
    "INVENTORY_TOKEN": "d4" * 16,
    "INVENTORY_PUSH_SECRETS": "e5" * 16,
    "EMAIL_URL": "smtp+tls://shop:hunter2@mail.example.com:587",
    "MAIL_FROM": "shop@example.com",
    "TRUSTED_PROXIES": "1",
    "SHOP_NAME": "Minka",
    "SHOP_ADDRESS": "Katzensteig 7,10999 Berlin",
    "SHOP_TAX_ID": "DE136695976",
}
SECRETS = [
    *("SECRET_KEY", "DATABASE_URL", "JWT_PRIVATE_KEY", "FIELD_ENCRYPTION_KEYS"),
    *("STRIPE_SECRET_KEY", "STRIPE_PUBLISHABLE_KEY", "STRIPE_WEBHOOK_SECRETS"),
    *("INVENTORY_URL", "INVENTORY_TOKEN", "INVENTORY_PUSH_SECRETS"),
    *("SHOP_NAME", "SHOP_ADDRESS", "SHOP_TAX_ID"),
]
BAD: dict[str, tuple[str, str]] = {
    "debugging": ("DEBUG", "1"),
    "debugging, in words": ("DEBUG", "true"),
    "a short secret": ("SECRET_KEY", "short"),
    "a monotonous secret": ("SECRET_KEY", "ab" * 40),
    "the secret of a tutorial": ("SECRET_KEY", "django-insecure-kZ8-q3vXw_7Rt2Yp9LmNc4Bs6Df1Gh5Jk0QaWeUiOzXyVb"),
    "Stripe's stand-in": ("STRIPE_API_BASE", "http://127.0.0.1:8010"),
    "a key of nothing": ("STRIPE_SECRET_KEY", "hunter2hunter2"),
    "a publishable key for a secret one": ("STRIPE_SECRET_KEY", "pk_live_" + "b2" * 24),
    "a secret key for a publishable one": ("STRIPE_PUBLISHABLE_KEY", "sk_live_" + "a1" * 24),
    "live money, test cards": ("STRIPE_SECRET_KEY and STRIPE_PUBLISHABLE_KEY", "pk_test_" + "b2" * 24),
    "a guessable webhook secret": ("STRIPE_WEBHOOK_SECRETS", "whsec_" + "c3" * 16 + ",whsec_old"),
    "the inventory's stand-in": ("INVENTORY_URL", "http://127.0.0.1:8020"),
    "this machine for the inventory": ("INVENTORY_URL", "https://localhost"),
    "this machine, by another number": ("INVENTORY_URL", "https://127.8.8.8/api"),
    "this machine, in six": ("INVENTORY_URL", "https://[::1]:8020"),
    "an inventory without TLS": ("INVENTORY_URL", "http://inventory.example.com"),
    "a guessable inventory token": ("INVENTORY_TOKEN", "token"),
    "a guessable push secret": ("INVENTORY_PUSH_SECRETS", "e5" * 16 + ",old"),
    "customers without TLS": ("PUBLIC_URL", "http://shop.example.com"),
    "customers on this machine": ("PUBLIC_URL", "https://localhost"),
    "a way back without TLS": ("PAYMENT_PAID_URL", "http://shop.example.com/paid"),
    "a way back to this machine": ("PAYMENT_LEFT_URL", "https://localhost/left"),
    "a way back with a query": ("PAYMENT_PAID_URL", "https://shop.example.com/paid?to=elsewhere"),
    "mail without TLS": ("EMAIL_URL", "smtp://mail.example.com"),
    "mail to nowhere": ("EMAIL_URL", "dummymail://"),
    "phones told by a log": ("PUSH_PROVIDER", "console"),
    "a push service without TLS": ("FCM_URL", "http://fcm.googleapis.com"),
    "somebody else's push service": ("FCM_AUTH_URL", "https://oauth2.example.com"),
    "mail from this machine": ("MAIL_FROM", "shop@localhost"),
    "any host": ("ALLOWED_HOSTS", "*"),
    "any host, beside a good one": ("ALLOWED_HOSTS", "shop.example.com,*"),
    "no host": ("ALLOWED_HOSTS", ""),
    "only this machine": ("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]"),
    "another database": ("DATABASE_URL", "sqlite:///hunter2"),
    "a broken key": ("JWT_PRIVATE_KEY", "hunter2"),
    "a level nobody knows": ("LOG_LEVEL", "LOUD"),
    "a rate nobody knows": ("RATE_LIMIT_CREDENTIALS", "often"),
    "no proxy that ends TLS": ("TRUSTED_PROXIES", "0"),
    "a proxy nobody counted": ("TRUSTED_PROXIES", ""),
    "a word nobody knows": ("SERVE_MEDIA", "perhaps"),
    "private pictures in the public folder": ("PRIVATE_ROOT", "media/private"),
    "a pool of nothing": ("DATABASE_POOL_SIZE", "0"),
}


FINE = [
    ("DEBUG", "0"),
    ("DEBUG", "false"),
    ("SERVE_MEDIA", "true"),
    ("STRIPE_API_BASE", ""),
    ("ALLOWED_HOSTS", "shop.example.com,127.0.0.1"),
    ("ALLOWED_HOSTS", ".example.com"),
    ("STRIPE_SECRET_KEY", "rk_live_" + "a1" * 24),
    ("SECRET_KEY", "$" + GOOD["SECRET_KEY"]),
    ("DATABASE_URL", "postgres://shop:p%40ss@db.example.com/shop?sslmode=require"),
]


def stopped(ended: Ended, variable: str) -> bool:
    """One line that names the variable, the right exit code, no traceback, and no word of the value."""
    one_line = re.fullmatch(rf"configuration: {variable} [^\n]+\n", ended.err)
    return bool(one_line) and (ended.code, ended.out) == (EX_CONFIG, "") and "hunter2" not in ended.err


def without(name: str) -> dict[str, str]:
    return {variable: value for variable, value in GOOD.items() if variable != name}


@pytest.fixture(scope="module")
def ends() -> dict[str, Ended]:
    bad = {name: GOOD | {variable.split()[-1]: value} for name, (variable, value) in BAD.items()}
    missing = {f"missing {name}": without(name) for name in SECRETS}
    fine = {f"{variable}={value}": GOOD | {variable: value} for variable, value in FINE}
    return start_each({"good": GOOD, **bad, **missing, **fine})


def test_a_good_configuration_is_read_without_a_word(ends: dict[str, Ended]) -> None:
    assert ends["good"] == Ended(0, "", "")


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_has_no_default(ends: dict[str, Ended], name: str) -> None:
    assert stopped(ends[f"missing {name}"], name), ends[f"missing {name}"]


@pytest.mark.parametrize("name", BAD)
def test_what_belongs_on_a_desk_does_not_go_live(ends: dict[str, Ended], name: str) -> None:
    assert stopped(ends[name], BAD[name][0]), ends[name]


@pytest.mark.parametrize(("variable", "value"), FINE)
def test_what_a_server_may_well_have_is_accepted(ends: dict[str, Ended], variable: str, value: str) -> None:
    assert ends[f"{variable}={value}"] == Ended(0, "", "")


# The real entrances


@pytest.mark.parametrize("command", [["-c", "import django; django.setup()"], ["manage.py", "check"]])
def test_every_entrance_stops_with_the_one_line(command: list[str]) -> None:
    assert stopped(start(without("INVENTORY_TOKEN"), *command), "INVENTORY_TOKEN")


def test_the_web_server_stops_too_instead_of_starting_worker_after_worker() -> None:
    bind = {"BIND": "127.0.0.1:0", "WEB_CONCURRENCY": "1"}

    ended = start(without("SECRET_KEY") | bind, "-m", "deploy.web")

    assert ended.code == EX_CONFIG
    [line] = [line for line in ended.err.splitlines() if not line.startswith("{")]  # beside its own log
    assert line == "configuration: SECRET_KEY is not set; deploy/env.example explains it."


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WEB_CONCURRENCY", "two"),
        ("WEB_CONCURRENCY", "0"),
        ("WEB_THREADS", "many"),
        ("MAX_REQUESTS", "-1"),
        ("GRACEFUL_TIMEOUT", "30s"),
        ("ACCESS_LOG", "loud"),
    ],
)
def test_a_knob_of_the_web_server_that_cannot_be_is_told_in_one_line(name: str, value: str) -> None:
    ended = start(GOOD | {"BIND": "127.0.0.1:0", name: value}, "-m", "deploy.web")

    assert stopped(ended, name), ended


def test_pictures_are_served_where_that_is_said_in_words() -> None:
    ended = start(GOOD | {"SERVE_MEDIA": "True"}, "-c", "from django.conf import settings; print(settings.SERVE_MEDIA)")

    assert ended == Ended(0, "True\n", "")


def test_a_good_server_has_nothing_that_djangos_own_checks_warn_of() -> None:
    ended = start(GOOD, "manage.py", "check", "--deploy", "--fail-level", "WARNING")

    assert ended == Ended(0, "System check identified no issues (1 silenced).\n", "")


def test_the_settings_of_a_server_say_what_they_should() -> None:
    shown = (
        "from django.conf import settings as s; import json; print(json.dumps([s.DEBUG, s.SECURE_SSL_REDIRECT,"
        " s.SECURE_HSTS_SECONDS, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.CSRF_TRUSTED_ORIGINS, s.SERVE_MEDIA,"
        " s.DATABASES['default']['OPTIONS'].get('sslmode'), s.STRIPE_API_BASE, s.STRIPE_HTTP_CLIENT]))"
    )
    database = {"DATABASE_URL": GOOD["DATABASE_URL"] + "?sslmode=verify-full"}

    ended = start(GOOD | database, "-c", shown)

    year: Any = 365 * 24 * 3600
    assert ended.err == ""
    assert (
        ended.out
        == f'[false, true, {year}, true, true, ["https://shop.example.com"], false, "verify-full", "", null]\n'
    )


@pytest.mark.parametrize(("command", "limited"), [("migrate", False), ("showmigrations", True), ("seed_demo", True)])
def test_only_a_migration_may_work_for_as_long_as_it_must(command: str, limited: bool) -> None:
    ended = start(
        GOOD,
        "-c",
        f"import runpy, sys; sys.argv = ['manage.py', '{command}', '--help']\n"
        "try: runpy.run_path('manage.py', run_name='__main__')\n"
        "except SystemExit: pass\n"
        "from django.conf import settings\n"
        "sys.stderr.write(settings.DATABASES['default']['OPTIONS']['options'])",
    )

    assert ("statement_timeout=20s" in ended.err, "idle_in_transaction" in ended.err) == (limited, limited)
    assert "lock_timeout=" in ended.err  # nobody waits for a table without end
