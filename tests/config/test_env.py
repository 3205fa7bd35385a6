"""Bad configuration stops the process with one line that names the variable, whatever is wrong with it."""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from config import env

ROOT = Path(__file__).resolve().parent.parent.parent
EX_CONFIG = 78


def pem(key: Any, *, passphrase: bytes = b"") -> str:
    sealing = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, sealing).decode()


def public_pem(key: Any) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
WEAK = rsa.generate_private_key(public_exponent=65537, key_size=1024)
CURVE = ec.generate_private_key(ec.SECP256R1())
FERNET = Fernet.generate_key().decode()


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Read the variable X, set to this value, or to nothing when it is None."""

    def reading(reader: Callable[..., Any], value: str | None, *args: Any, **options: Any) -> Any:
        monkeypatch.delenv("X", raising=False)
        if value is not None:
            monkeypatch.setenv("X", value)
        return reader("X", *args, **options)

    return reading


# What is refused

REFUSED: list[tuple[str, Callable[..., Any], str | None, tuple[Any, ...]]] = [
    ("a missing secret", env.text, None, ()),
    ("an empty secret", env.text, "", ()),
    ("a secret of white space", env.text, " \n\t", ()),
    ("a missing list", env.names, None, ()),
    ("an empty list", env.names, "", ()),
    ("a list of nothing", env.names, " , ,", ()),
    ("words for a number", env.integer, "ten", (1,)),
    ("a fraction for a number", env.integer, "1.5", (1,)),
    ("a number that is too long", env.integer, "9" * 5000, (1,)),
    ("a negative number", env.integer, "-1", (1,)),
    ("a word for yes or no", partial(env.flag, default=False), "maybe", ()),
    ("a number for yes or no", partial(env.flag, default=False), "2", ()),
    ("no database", env.database, None, ()),
    ("another kind of database", env.database, "sqlite:///db", ()),
    ("a database nobody knows", env.database, "hunter2://shop:hunter2@db/shop", ()),
    ("an address without a scheme", env.database, "shop:hunter2@db/shop", ()),
    ("a database without a name", env.database, "postgres://shop:hunter2@db", ()),
    ("a database with a broken port", env.database, "postgres://shop:hunter2@db:port/shop", ()),
    ("a database with a broken host", env.database, "postgres://shop:hunter2@[::1/shop", ()),
    ("no key", env.rsa_key, None, ()),
    ("a key that is none", env.rsa_key, "hunter2", ()),
    ("half a key", env.rsa_key, pem(KEY)[:800], ()),
    ("a weak key", env.rsa_key, pem(WEAK), ()),
    ("a key of another kind", env.rsa_key, pem(CURVE), ()),
    ("a public key for a private one", env.rsa_key, public_pem(KEY), ()),
    ("a key with a passphrase", env.rsa_key, pem(KEY, passphrase=b"hunter2"), ()),
    ("a private key for a public one", env.rsa_public_keys, pem(KEY), ()),
    ("a weak public key", env.rsa_public_keys, public_pem(WEAK), ()),
    ("a public key of another kind", env.rsa_public_keys, public_pem(CURVE), ()),
    ("one good public key and one bad", env.rsa_public_keys, f"{public_pem(KEY)},hunter2", ()),
    ("no Fernet keys", env.fernet_keys, None, ()),
    ("a Fernet key that is none", env.fernet_keys, "hunter2", ()),
    ("a Fernet key with an odd letter", env.fernet_keys, "ü" * 44, ()),
    ("one good Fernet key and one bad", env.fernet_keys, f"{FERNET},hunter2", ()),
    ("an address without https://", env.address, "shop.example.com", ()),
    ("an address of another scheme", env.address, "ftp://shop.example.com", ()),
    ("an address without a host", env.address, "https:///path", ()),
    ("an address with credentials", env.address, "https://shop:hunter2@example.com", ()),
    ("an address with a query", env.address, "https://example.com/?token=hunter2", ()),
    ("an address with a broken port", env.address, "https://example.com:port", ()),
    ("an address with a broken host", env.address, "https://[::1", ()),
    ("an address with a space", env.address, "https://exa mple.com", ()),
    ("an origin with a path", env.origin, "https://shop.example.com/api", ("",)),
    ("a host with a scheme", env.hosts, "https://shop.example.com", ([],)),
    ("a host with a port", env.hosts, "shop.example.com:443", ([],)),
    ("a host with a space", env.hosts, "shop.example.com other.example.com", ([],)),
    ("a level nobody knows", env.level, "LOUD", ("INFO",)),
    ("a rate without a period", env.rate, "20", ("20/min",)),
    ("a rate of a fortnight", env.rate, "20/fortnight", ("20/min",)),
    ("a rate of nothing", env.rate, "0/min", ("20/min",)),
    ("a currency nobody knows", env.currency, "BUCKS", ("EUR",)),
]


@pytest.mark.parametrize(("reader", "value", "args"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_one_line_names_the_variable_and_does_not_repeat_its_value(
    read: Callable[..., Any], capsys: pytest.CaptureFixture[str], reader: Any, value: str | None, args: tuple[Any, ...]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        read(reader, value, *args)

    said = capsys.readouterr()
    assert stopped.value.code == EX_CONFIG
    assert re.fullmatch(r"configuration: X [^\n]+\.\n", said.err)
    assert said.out == ""
    assert "hunter2" not in said.err
    assert "BEGIN" not in said.err


# What is accepted


def test_a_value_is_read_as_it_is(read: Callable[..., Any]) -> None:
    assert read(env.text, "$ecret,with \\$igns=and#more") == "$ecret,with \\$igns=and#more"


def test_the_line_break_at_the_end_of_a_secret_does_not_count(read: Callable[..., Any]) -> None:
    assert read(env.text, " s3cret\r\n") == "s3cret"


@pytest.mark.parametrize("unset", [None, "", "  "])
def test_what_is_not_set_has_its_default(read: Callable[..., Any], unset: str | None) -> None:
    assert read(env.text, unset, "d") == "d"
    assert read(env.text, unset, "") == ""
    assert read(env.integer, unset, 7) == 7
    assert read(env.names, unset, ["a"]) == ["a"]
    assert read(env.names, unset, []) == []
    assert read(env.path, unset, Path("/m")) == Path("/m")
    assert read(env.address, unset, "") == ""
    assert read(env.level, unset, "INFO") == "INFO"
    assert read(env.rsa_public_keys, unset) == []


@pytest.mark.parametrize(("said", "meant"), [("1", True), ("True", True), ("on", True), ("0", False), ("NO", False)])
def test_yes_and_no_may_be_said_in_the_usual_words(read: Callable[..., Any], said: str, meant: bool) -> None:
    assert read(env.flag, said, default=not meant) is meant
    assert read(env.flag, None, default=meant) is meant


def test_a_list_is_split_at_commas_and_tidied(read: Callable[..., Any]) -> None:
    assert read(env.names, " new, old ,,") == ["new", "old"]


def test_numbers_have_a_least_value(read: Callable[..., Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert read(env.integer, "1", 5, at_least=1) == 1
    with pytest.raises(SystemExit):
        read(env.integer, "0", 5, at_least=1)
    assert "at least 1" in capsys.readouterr().err


def test_a_database_address_is_taken_apart(read: Callable[..., Any]) -> None:
    found = read(env.database, "postgres://shop:p%40ss@db.example.com:5433/shop?sslmode=verify-full")

    assert (found["ENGINE"], found["USER"], found["PASSWORD"]) == ("django.db.backends.postgresql", "shop", "p@ss")
    assert (found["HOST"], found["PORT"], found["NAME"]) == ("db.example.com", 5433, "shop")
    assert found["OPTIONS"] == {"sslmode": "verify-full"}


@pytest.mark.parametrize("written", [pem(KEY), pem(KEY).replace("\n", "\\n"), "\n" + pem(KEY) + "\n"])
def test_a_key_may_be_written_on_one_line(read: Callable[..., Any], written: str) -> None:
    assert read(env.rsa_key, written).strip() == pem(KEY).strip()


def test_public_keys_of_a_rotation_are_read_the_same_way(read: Callable[..., Any]) -> None:
    written = public_pem(KEY).replace("\n", "\\n")

    assert read(env.rsa_public_keys, f"{written},{written}") == [public_pem(KEY)] * 2


def test_fernet_keys_keep_their_order(read: Callable[..., Any]) -> None:
    newer = Fernet.generate_key().decode()

    assert read(env.fernet_keys, f"{newer}, {FERNET}") == [newer, FERNET]


@pytest.mark.parametrize("host", ["shop.example.com", ".example.com", "localhost", "127.0.0.1", "[::1]", "*", "shop_1"])
def test_hosts_are_names_or_numbers(read: Callable[..., Any], host: str) -> None:
    assert read(env.hosts, host, []) == [host]


@pytest.mark.parametrize("address", ["https://ims.example.com/api/v2/", "http://127.0.0.1:8020", "http://[::1]:8020"])
def test_addresses_lose_the_slash_at_their_end(read: Callable[..., Any], address: str) -> None:
    assert read(env.address, address) == address.rstrip("/")


@pytest.mark.parametrize("rate", ["20/min", "5/s", "100/hour", "1000/day", "20/m"])
def test_rates_are_those_that_the_throttle_understands(read: Callable[..., Any], rate: str) -> None:
    from rest_framework.throttling import SimpleRateThrottle

    assert SimpleRateThrottle.parse_rate(object(), read(env.rate, rate, "20/min"))[0] == int(rate.partition("/")[0])


def test_levels_may_be_written_small(read: Callable[..., Any]) -> None:
    assert read(env.level, "debug", "INFO") == "DEBUG"


# One reader, one explanation


def variables_read() -> set[str]:
    """Every name that the settings ask config.env for."""
    calls = re.compile(r'env\.\w+\(\s*"([A-Z][A-Z0-9_]+)"')
    found = {name for file in (ROOT / "config/settings").glob("*.py") for name in calls.findall(file.read_text())}
    return found | {"DATABASE_URL"}


def test_every_variable_is_explained_to_whoever_sets_it_up() -> None:
    explained = set(re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", (ROOT / "deploy/env.example").read_text(), re.MULTILINE))

    assert variables_read() - explained == {"DEBUG"}  # which must not be set at all


def test_nobody_else_reads_the_environment() -> None:
    apps = ("accounts", "catalog", "core", "inventory", "orders", "payments")
    sources = [file for app in apps for file in (ROOT / app).rglob("*.py")]

    assert [str(file) for file in sources if re.search(r"os\.environ|getenv|import environ", file.read_text())] == []
