"""A server on the internet: refuses to start with anything that belongs on a desk."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from config import env
from config.settings.base import *  # noqa: F403
from config.settings.base import (
    ALLOWED_HOSTS,
    DEFAULT_FROM_EMAIL,
    EMAIL_BACKEND,
    EMAIL_USE_SSL,
    EMAIL_USE_TLS,
    FCM_AUTH_URL,
    FCM_URL,
    INVENTORY_PUSH_SECRETS,
    INVENTORY_TOKEN,
    INVENTORY_URL,
    PAYMENT_LEFT_URL,
    PAYMENT_PAID_URL,
    PUBLIC_URL,
    PUSH_PROVIDER,
    REST_FRAMEWORK,
    SECRET_KEY,
    STRIPE_API_BASE,
    STRIPE_PUBLISHABLE_KEY,
    STRIPE_SECRET_KEY,
    STRIPE_WEBHOOK_SECRETS,
)


def _is_this_machine(address: str) -> bool:
    """True for an address, or a bare host name, that only this machine can reach."""
    host = (urlsplit(address if "://" in address else f"//{address}").hostname or "").rstrip(".")
    try:
        number = ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return number.is_loopback or number.is_unspecified


if env.flag("DEBUG", default=False):
    env.stop("DEBUG must not be set in production.")
if len(SECRET_KEY) < 50 or len(set(SECRET_KEY)) < 5 or SECRET_KEY.startswith("django-insecure-"):
    env.stop("SECRET_KEY is too weak for production; use 50 or more random characters.")
if STRIPE_API_BASE:
    env.stop("STRIPE_API_BASE points away from Stripe; unset it in production.")
if not STRIPE_SECRET_KEY.startswith(("sk_live_", "rk_live_", "sk_test_", "rk_test_")):
    env.stop("STRIPE_SECRET_KEY is not a Stripe key (sk_live_… or rk_live_…).")
if not STRIPE_PUBLISHABLE_KEY.startswith(("pk_live_", "pk_test_")):
    env.stop("STRIPE_PUBLISHABLE_KEY is not a Stripe publishable key (pk_live_…).")
if ("_live_" in STRIPE_SECRET_KEY) != ("_live_" in STRIPE_PUBLISHABLE_KEY):
    env.stop("STRIPE_SECRET_KEY and STRIPE_PUBLISHABLE_KEY are not of the same mode (live or test).")
if any(len(secret) < 16 for secret in STRIPE_WEBHOOK_SECRETS):
    env.stop("STRIPE_WEBHOOK_SECRETS has a secret shorter than 16 characters.")
if _is_this_machine(INVENTORY_URL):
    env.stop("INVENTORY_URL points to this machine; in production it is the inventory system's address.")
if not INVENTORY_URL.startswith("https://"):
    env.stop("INVENTORY_URL must use https in production.")
if len(INVENTORY_TOKEN) < 16:
    env.stop("INVENTORY_TOKEN is shorter than 16 characters.")
if any(len(secret) < 16 for secret in INVENTORY_PUSH_SECRETS):
    env.stop("INVENTORY_PUSH_SECRETS has a secret shorter than 16 characters.")
if not PUBLIC_URL.startswith("https://") or _is_this_machine(PUBLIC_URL):
    env.stop("PUBLIC_URL must be the public https address in production.")
for name, url in (("PAYMENT_PAID_URL", PAYMENT_PAID_URL), ("PAYMENT_LEFT_URL", PAYMENT_LEFT_URL)):
    if not url.startswith("https://") or _is_this_machine(url):
        env.stop(f"{name} must be an https address that customers' browsers reach.")
if not EMAIL_BACKEND.endswith("smtp.EmailBackend") or not (EMAIL_USE_TLS or EMAIL_USE_SSL):
    env.stop("EMAIL_URL must name a mail server that is spoken to by TLS: smtp+tls:// or smtp+ssl://.")
if PUSH_PROVIDER == "console":
    env.stop("PUSH_PROVIDER must be fcm, or none: console is for a desk.")
for name, url in (("FCM_URL", FCM_URL), ("FCM_AUTH_URL", FCM_AUTH_URL)):
    if not url.startswith("https://") or not url.endswith(".googleapis.com"):
        env.stop(f"{name} points away from Google; unset it in production.")
if _is_this_machine(DEFAULT_FROM_EMAIL.rpartition("@")[2]):
    env.stop("MAIL_FROM must be the address that customers know you by.")
if "*" in ALLOWED_HOSTS:
    env.stop("ALLOWED_HOSTS must name the hosts; * accepts any.")
if all(_is_this_machine(host) for host in ALLOWED_HOSTS):
    env.stop("ALLOWED_HOSTS must name the hosts that customers and staff use.")
for name in ("SHOP_NAME", "SHOP_ADDRESS", "SHOP_TAX_ID"):
    env.text(name)  # the demo's seller must not stand on a real receipt
if not REST_FRAMEWORK["NUM_PROXIES"]:
    env.stop("TRUSTED_PROXIES must be 1 or more in production: TLS ends at a proxy, which names the client.")

# Whether TLS was used is said by gunicorn, which believes X-Forwarded-Proto of FORWARDED_ALLOW_IPS only; Django's
# SECURE_PROXY_SSL_HEADER would believe it of anybody.
SECURE_SSL_REDIRECT = True
SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
SERVE_MEDIA = env.flag("SERVE_MEDIA", default=False)
