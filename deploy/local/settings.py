"""The product's environment variables for this machine: made-up secrets, loopback addresses, the sandboxes."""

import base64
import os
import secrets
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from deploy.local.errors import Failure
from deploy.local.files import read_json, write_json
from deploy.local.layout import Layout, shown

# What the reader may set from outside: knobs.
KNOBS = (
    *(
        "LOG_LEVEL",
        "WEB_CONCURRENCY",
        "WORKER_CONCURRENCY",
        "DATABASE_POOL_SIZE",
        "DATABASE_PREPARE",
        "RATE_LIMIT_CREDENTIALS",
    ),
    *(
        "WORKER_HEARTBEAT_SECONDS",
        "IDEMPOTENCY_LEASE_SECONDS",
        "QUOTE_MINUTES",
        "HOLD_MINUTES",
        "HOLD_EXTENSION_MINUTES",
        "DEFAULT_CURRENCY",
        *("DEPOSIT_HOLD_DAYS", "DEPOSIT_LEAD_HOURS", "LATE_GRACE_HOURS", "RETURN_DAYS"),
        *("CLAIM_DAYS", "PICKUP_CODE_GRACE_DAYS"),
        *("KEEP_PROPOSED_AFTER_DAYS", "NO_SHOW_GRACE_HOURS", "WAITLIST_MOST", "REFUND_APPROVAL_ABOVE"),
        *("SHOP_NAME", "SHOP_ADDRESS", "SHOP_TAX_ID"),
    ),
)
# Everything else is ours, so that a variable left over from another project in the same shell changes nothing, and a
# live key can never reach a sandbox or a test.
OURS = (
    *("DJANGO_SETTINGS_MODULE", "DEBUG", "SECRET_KEY", "ALLOWED_HOSTS", "PUBLIC_URL"),
    *("DATABASE_URL", "TEST_DATABASE_URL", "DATABASE_PATIENT"),
    *("JWT_PRIVATE_KEY", "JWT_PREVIOUS_PUBLIC_KEYS", "JWT_ISSUER", "JWT_AUDIENCE", "FIELD_ENCRYPTION_KEYS"),
    *("STRIPE_SECRET_KEY", "STRIPE_PUBLISHABLE_KEY", "STRIPE_WEBHOOK_SECRETS", "STRIPE_API_BASE"),
    *("PAYMENT_PAID_URL", "PAYMENT_LEFT_URL"),
    *("INVENTORY_URL", "INVENTORY_TOKEN", "INVENTORY_PUSH_SECRETS", "TRUSTED_PROXIES"),
    *("INVENTORY_PROVIDER", "INVENTREE_CUSTOMER", "INVENTREE_LOCATIONS"),
    *("EMAIL_URL", "MAIL_FROM", "STAFF_EMAIL"),
    *("PUSH_PROVIDER", "FCM_PROJECT", "FCM_ACCOUNT", "FCM_PRIVATE_KEY", "FCM_URL", "FCM_AUTH_URL"),
    *("MEDIA_ROOT", "PRIVATE_ROOT", "STATIC_ROOT", "SERVE_MEDIA", "BIND"),
    *("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "GUNICORN_CMD_ARGS"),
)


@dataclass(frozen=True)
class Ports:
    web: int
    stripe: int
    inventory: int

    @property
    def public_url(self) -> str:
        return f"http://127.0.0.1:{self.web}"


def keep_secrets(layout: Layout) -> dict[str, str]:
    """The secrets of this checkout: made at the first start, the same ever after. Only the owner can read the file."""
    kept = read_json(layout.secrets)
    if layout.secrets.exists() and not kept:
        raise Failure(f"{shown(layout.secrets)} cannot be read; without it the data cannot either: `make clean`")
    made = {name: make() for name, make in _makers(layout.python).items() if name not in kept}
    if made:
        write_json(layout.secrets, {**kept, **made})
    layout.secrets.chmod(0o600)
    return {**kept, **made}


def _makers(python: Path) -> dict[str, Callable[[], str]]:
    return {
        "SECRET_KEY": lambda: secrets.token_urlsafe(50),
        "JWT_PRIVATE_KEY": lambda: _new_rsa_key(python),
        "FIELD_ENCRYPTION_KEYS": new_fernet_key,
        "STRIPE_SECRET_KEY": lambda: f"sk_test_{secrets.token_hex(24)}",
        "STRIPE_PUBLISHABLE_KEY": lambda: f"pk_test_{secrets.token_hex(24)}",
        "STRIPE_WEBHOOK_SECRETS": lambda: f"whsec_{secrets.token_hex(24)}",
        # Hexadecimal: they are handed to the sandboxes as arguments, and must not begin with a dash.
        "INVENTORY_TOKEN": lambda: secrets.token_hex(32),
        "INVENTORY_PUSH_SECRETS": lambda: secrets.token_hex(32),
    }


def new_fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def _new_rsa_key(python: Path) -> str:
    keygen = Path(__file__).with_name("keygen.py")
    made = subprocess.run([python, "-I", keygen], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        raise Failure(f"could not make an RSA key: {made.stderr.strip().splitlines()[-1:]}")
    return made.stdout


def local_environment(layout: Layout, *, ports: Ports, database_url: str) -> dict[str, str]:
    """Every variable that the product reads, for config.settings.local."""
    chosen = {name: os.environ[name] for name in KNOBS if os.environ.get(name)}
    return {
        "DJANGO_SETTINGS_MODULE": "config.settings.local",
        "DATABASE_URL": database_url,
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "PUBLIC_URL": ports.public_url,
        "STRIPE_API_BASE": f"http://127.0.0.1:{ports.stripe}",
        "INVENTORY_URL": f"http://127.0.0.1:{ports.inventory}",
        "EMAIL_URL": f"filemail://{quote(str(layout.mails))}",
        "STAFF_EMAIL": "staff@localhost",
        "PUSH_PROVIDER": "console",
        "MEDIA_ROOT": str(layout.root / "media"),
        "PRIVATE_ROOT": str(layout.root / "private"),
        "LOG_LEVEL": "INFO",
        "WEB_CONCURRENCY": "2",
        **keep_secrets(layout),
        **chosen,
    }


def production_like_environment(layout: Layout, *, database_url: str) -> dict[str, str]:
    """What config.settings.production asks for, with values that lead nowhere: for checks that only look."""
    made = {name: make() for name, make in _makers(layout.python).items()}
    return {
        **made,
        "DJANGO_SETTINGS_MODULE": "config.settings.production",
        **dict.fromkeys(("SHOP_NAME", "SHOP_ADDRESS", "SHOP_TAX_ID"), "nobody"),
        "DATABASE_URL": database_url,
        "ALLOWED_HOSTS": "shop.example.com",
        "PUBLIC_URL": "https://shop.example.com",
        # Live by their shape, random by their content.
        "STRIPE_SECRET_KEY": f"sk_live_{secrets.token_hex(24)}",
        "STRIPE_PUBLISHABLE_KEY": f"pk_live_{secrets.token_hex(24)}",
        "INVENTORY_URL": "https://inventory.example.com",
        "EMAIL_URL": "smtp+tls://shop:secret@mail.example.com:587",
        "MAIL_FROM": "shop@example.com",
        "TRUSTED_PROXIES": "1",
        "MEDIA_ROOT": str(layout.root / "media"),
        "PRIVATE_ROOT": str(layout.root / "private"),
        "LOG_LEVEL": "INFO",
        "WEB_CONCURRENCY": "2",
    }


def product_environment(variables: Mapping[str, str]) -> dict[str, str]:
    """The whole environment of one of our programs: this shell's, less what could mislead it, plus `variables`."""
    inherited = {name: value for name, value in os.environ.items() if name not in {*KNOBS, *OURS}}
    return {**inherited, **variables, "PYTHONUNBUFFERED": "1"}
