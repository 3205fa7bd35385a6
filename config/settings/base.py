"""What every installation shares. Values come from `config.env`; see deploy/env.example."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from config import env
from config.settings.unfold import *  # noqa: F403
from core.logging import logging_config

BASE_DIR = Path(__file__).resolve().parent.parent.parent

DEBUG = False
SECRET_KEY = env.text("SECRET_KEY")
ALLOWED_HOSTS = env.hosts("ALLOWED_HOSTS", ["127.0.0.1", "localhost"])
PUBLIC_URL = env.origin("PUBLIC_URL", "http://127.0.0.1:8000")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

INSTALLED_APPS = [
    "config.apps.ShopConfig",
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.import_export",
    "modeltrans",  # before the staff pages, whose forms have fields for each language
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "import_export",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_prometheus",
    "procrastinate.contrib.django",
    "core",
    "accounts",
    "catalog",
    "inventory",
    "orders",
    "payments",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "core.middleware.keep_to_the_protocol",
    "django.middleware.security.SecurityMiddleware",
    "core.problems.refuse_zero_bytes",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# One pool a process. jit=off: compiling a short statement costs more than running it. `lock_timeout` turns a long
# wait into a clear "busy"; see core.problems. A migration may work for as long as it must, but does not wait
# for a table for ever, as everybody queues behind it; it can simply be run again.
_LIMITS = (
    "-c lock_timeout=30s"
    if env.flag("DATABASE_PATIENT", default=False)
    else "-c lock_timeout=3s -c statement_timeout=20s -c idle_in_transaction_session_timeout=30s"
)
DATABASES: dict[str, dict[str, Any]] = {"default": env.database()}
DATABASES["default"]["ENGINE"] = "core.postgres"
DATABASES["default"]["OPTIONS"] = {
    **DATABASES["default"].get("OPTIONS", {}),  # sslmode and its like, from the URL
    "pool": {"min_size": 1, "max_size": env.integer("DATABASE_POOL_SIZE", 10, at_least=1), "timeout": 10},
    "options": f"-c jit=off -c plan_cache_mode=force_generic_plan {_LIMITS}",
    # Of `prepared_cursor` alone; one plan for all of their values. A pooler that lends a connection for one transaction
    # loses them.
    "prepare_threshold": 0 if env.flag("DATABASE_PREPARE", default=True) else None,
}
ATOMIC_REQUESTS = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Counts of password tries live here, in each process; there is room for many before the oldest are forgotten.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 20_000},
    }
}

AUTH_USER_MODEL = "accounts.User"
LOGIN_REDIRECT_URL = "admin:index"  # only the staff pages are entered by a session
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("name", "email")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
FIELD_ENCRYPTION_KEYS = env.fernet_keys("FIELD_ENCRYPTION_KEYS")

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("fr", "Français"), ("es", "Español")]  # of the catalog (ADR 34)
MODELTRANS_ADD_FIELD_HELP_TEXT = False
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
FORMAT_MODULE_PATH = ["config.formats"]

STATIC_URL = "/static/"
STATIC_ROOT = env.path("STATIC_ROOT", BASE_DIR / "staticfiles")
STATICFILES_DIRS: list[Path] = []
MEDIA_URL = "/media/"
MEDIA_ROOT = env.path("MEDIA_ROOT", BASE_DIR / "media")
PRIVATE_ROOT = env.path("PRIVATE_ROOT", BASE_DIR / "private")  # pictures that only staff see
if PRIVATE_ROOT.resolve().is_relative_to(MEDIA_ROOT.resolve()):
    env.stop("PRIVATE_ROOT must not lie inside MEDIA_ROOT, which everybody sees.")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "private": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": PRIVATE_ROOT,
            "base_url": "",
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000  # an API body; pictures are uploaded as files and bounded by their field

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.api.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["core.parsers.JsonBody"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "core.api.KeysetPagination",
    "DEFAULT_SCHEMA_CLASS": "core.schema.ProblemAwareSchema",
    "DEFAULT_THROTTLE_RATES": {
        "credentials": env.rate("RATE_LIMIT_CREDENTIALS", "20/min"),  # the gateway limits the rest
    },
    "EXCEPTION_HANDLER": "core.api.problem_handler",
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_METADATA_CLASS": None,  # the OpenAPI document tells what OPTIONS would
    "URL_FORMAT_OVERRIDE": None,
    "NUM_PROXIES": env.integer("TRUSTED_PROXIES", 0),
}

SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Cat Travel Logistics",
    "DESCRIPTION": "Rent or buy cat-approved travel containers. Money is integer minor units with an ISO 4217 code; "
    "instants are RFC 3339 in UTC, days are dates at the depot; every error is an RFC 9457 problem.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "TAGS": [
        {"name": "catalog", "description": "What there is, what it costs, and how much of it is free."},
        {"name": "orders", "description": "From a frozen price to a promise, and what became of it."},
        {"name": "waitlist", "description": "Waiting for what is short."},
        {"name": "payments", "description": "Paying an order, and where every cent went."},
        {"name": "sessions", "description": "Registering, logging in and out. No access token is needed."},
        {"name": "profile", "description": "Who I am."},
        {"name": "cats", "description": "The travellers and their measures."},
        {"name": "addresses", "description": "Places to deliver to."},
        {"name": "devices", "description": "Phones that are told what their owner should know."},
        {"name": "operations", "description": "What became of a request whose answer was lost."},
        {
            "name": "webhooks",
            "description": "Doors of the payment gateway and the inventory system: signed, not for apps.",
        },
    ],
    "SERVERS": [{"url": "/", "description": "this installation"}],
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "LineKind": "orders.models.OrderLine.Kind",
        "PaymentStatus": "payments.states.PaymentStatus",
        "DepositPlan": "orders.models.DepositPlan",
        "PaymentPurpose": "payments.models.Payment.Purpose",
        "PayablePurpose": "payments.api.serializers.PAYABLE",
        "ContainerKind": "catalog.models.Kind",
        "OrderStatus": "orders.states.OrderStatus",
        "RentalStatus": "orders.states.RentalStatus",
        "SaleStatus": "orders.states.SaleStatus",
        "ClaimStatus": "orders.states.ClaimStatus",
        "ClaimEvent": "orders.api.handover.CLAIM_EVENTS",
        "ClaimKind": "orders.api.handover.CLAIM_KINDS",
        "PickupPurpose": "orders.pickup_codes.Purpose",
        "PhotoMoment": "orders.models.RentalPhoto.Moment",
        "OrderEventName": "orders.api.serializers.EVENTS",
        "OrderEventBy": "orders.api.serializers.ROLES",
        "CustomerEvent": "orders.api.serializers.CUSTOMER_EVENTS",
        "StatementEntryStatus": "payments.api.serializers.ENTRY_STATUSES",
        "MovementKind": "payments.api.serializers.MOVEMENT_KINDS",
        "MovementStatus": "payments.api.serializers.MOVEMENT_STATUSES",
        "DocumentKind": "payments.models.DocumentKind",
        "DepositStatus": "payments.states.DepositStatus",
        "StatementKind": "payments.api.serializers.ENTRY_KINDS",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {
        "deepLinking": True,  # /api/docs/#/orders/placeOrder
        "persistAuthorization": True,
        "displayRequestDuration": True,
        "docExpansion": "list",
    },
}

# Access tokens: short-lived, signed here, checked by the gateway and again by us.
JWT_PRIVATE_KEY = env.rsa_key("JWT_PRIVATE_KEY")
JWT_PREVIOUS_PUBLIC_KEYS = env.rsa_public_keys("JWT_PREVIOUS_PUBLIC_KEYS")  # still accepted after a rotation
JWT_ISSUER = env.text("JWT_ISSUER", "cat-travel-logistics")
JWT_AUDIENCE = env.text("JWT_AUDIENCE", "cat-travel-app")
ACCESS_TOKEN_LIFETIME = timedelta(minutes=10)
REFRESH_TOKEN_LIFETIME = timedelta(days=60)
# simplejwt makes and checks the claims; keys, issuer and audience are accounts.tokens' business.
SIMPLE_JWT = {"USER_ID_CLAIM": "sub", "ACCESS_TOKEN_LIFETIME": ACCESS_TOKEN_LIFETIME}

# The shop's rules of time.
DEFAULT_CURRENCY = env.currency("DEFAULT_CURRENCY", "EUR")
QUOTE_LIFETIME = timedelta(minutes=env.integer("QUOTE_MINUTES", 30, at_least=1))
HOLD_LIFETIME = timedelta(minutes=env.integer("HOLD_MINUTES", 15, at_least=1))
HOLD_EXTENSION = timedelta(minutes=env.integer("HOLD_EXTENSION_MINUTES", 15, at_least=1))
RETURN_TIME = timedelta(days=env.integer("RETURN_DAYS", 14, at_least=14))  # what the law of the Union gives at least
SHIPPING_TIME = timedelta(days=7)  # within which a parcel has arrived, so that these days begin
LATE_GRACE = timedelta(hours=env.integer("LATE_GRACE_HOURS", 12, at_least=0))  # of the day after the last one
PICKUP_CODE_GRACE = timedelta(days=env.integer("PICKUP_CODE_GRACE_DAYS", 2, at_least=0))  # after the day it is about
CLAIM_TIME = timedelta(days=env.integer("CLAIM_DAYS", 7, at_least=1))  # to object to a claim for damage
KEEP_PROPOSED_AFTER_DAYS = env.integer("KEEP_PROPOSED_AFTER_DAYS", 7, at_least=1)  # late: keeping it is proposed
NO_SHOW_GRACE = timedelta(hours=env.integer("NO_SHOW_GRACE_HOURS", 12, at_least=0))  # of the day after the one missed
DEPOSIT_LEAD = timedelta(hours=env.integer("DEPOSIT_LEAD_HOURS", 24, at_least=1))  # secured before the pickup's day
DEPOSIT_HOLD_DAYS = env.integer("DEPOSIT_HOLD_DAYS", 5, at_least=1)  # longer rentals' deposits are charged, not held
WAITLIST_HOLD = timedelta(minutes=30)  # what was waited for is held so long for whoever is next
WAITLIST_MOST = env.integer("WAITLIST_MOST", 5, at_least=1)  # things that one customer may wait for at a time
IDEMPOTENCY_LEASE = timedelta(seconds=env.integer("IDEMPOTENCY_LEASE_SECONDS", 30, at_least=1))
BOOKING_HORIZON = timedelta(days=366)

# Mails: about orders and money, by jobs.
MAIL_SERVER = env.mail_server("EMAIL_URL", "dummymail://")
EMAIL_BACKEND = MAIL_SERVER["EMAIL_BACKEND"]
EMAIL_HOST, EMAIL_PORT = MAIL_SERVER.get("EMAIL_HOST") or "localhost", MAIL_SERVER.get("EMAIL_PORT") or 25
EMAIL_HOST_USER = MAIL_SERVER.get("EMAIL_HOST_USER") or ""
EMAIL_HOST_PASSWORD = MAIL_SERVER.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_USE_TLS = bool(MAIL_SERVER.get("EMAIL_USE_TLS"))
EMAIL_USE_SSL = bool(MAIL_SERVER.get("EMAIL_USE_SSL"))
EMAIL_FILE_PATH = f"/{MAIL_SERVER.get('EMAIL_FILE_PATH', '').lstrip('/')}"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.mailbox("MAIL_FROM", "shop@localhost")
STAFF_EMAIL = env.mailbox("STAFF_EMAIL", "")  # hears of refunds that failed

# Phones: told the same by push, through Firebase. `none`: they are not; `console`: a line in the log, for a desk.
PUSH_PROVIDER = env.choice("PUSH_PROVIDER", "none", ("none", "console", "fcm"))
FCM_PROJECT = FCM_ACCOUNT = FCM_PRIVATE_KEY = ""
if PUSH_PROVIDER == "fcm":
    FCM_PROJECT = env.text("FCM_PROJECT")
    FCM_ACCOUNT = env.text("FCM_ACCOUNT")
    FCM_PRIVATE_KEY = env.rsa_key("FCM_PRIVATE_KEY")
FCM_URL = env.address("FCM_URL", "https://fcm.googleapis.com")
FCM_AUTH_URL = env.address("FCM_AUTH_URL", "https://oauth2.googleapis.com")

# A second person approves what staff give back of one order beyond so many whole units of its currency; of a currency
# that is not named, everything (ADR 18).
REFUND_APPROVAL_ABOVE = env.numbers_by_name("REFUND_APPROVAL_ABOVE") or {"EUR": 500, "USD": 500, "GBP": 500}

# The seller, as receipts, credit notes and mails name it; production must say who that is.
SHOP_NAME = env.text("SHOP_NAME", "Cat Travel Logistics")
SHOP_ADDRESS = env.names("SHOP_ADDRESS", ["Example Street 1", "10115 Berlin", "Germany"])
SHOP_TAX_ID = env.text("SHOP_TAX_ID", "DE000000000")

# Money: Stripe. STRIPE_API_BASE is set only where a stand-in is used.
STRIPE_SECRET_KEY = env.text("STRIPE_SECRET_KEY")
STRIPE_PUBLISHABLE_KEY = env.text("STRIPE_PUBLISHABLE_KEY")
STRIPE_WEBHOOK_SECRETS = env.names("STRIPE_WEBHOOK_SECRETS")
STRIPE_API_BASE = env.address("STRIPE_API_BASE", "")
# Where the gateway's payment page sends browsers back to; never a client's choice.
PAYMENT_PAID_URL = env.address("PAYMENT_PAID_URL", PUBLIC_URL)
PAYMENT_LEFT_URL = env.address("PAYMENT_LEFT_URL", PUBLIC_URL)
STRIPE_HTTP_CLIENT = None  # the SDK's own transport

# Counts: the inventory management system.
INVENTORY_URL = env.address("INVENTORY_URL")
INVENTORY_TOKEN = env.text("INVENTORY_TOKEN")
INVENTORY_PUSH_SECRETS = env.names("INVENTORY_PUSH_SECRETS")
INVENTORY_PROVIDER = env.choice("INVENTORY_PROVIDER", "http", ("http", "inventree"))
INVENTREE_CUSTOMER = env.integer("INVENTREE_CUSTOMER", 0)  # the company whose orders are this shop's reservations
INVENTREE_LOCATIONS = env.numbers_by_name("INVENTREE_LOCATIONS")  # depot code -> location; none: names of top locations
if INVENTORY_PROVIDER == "inventree" and INVENTREE_CUSTOMER == 0:
    env.stop("INVENTREE_CUSTOMER is not set; docs/inventree.md explains it.")
INVENTORY_REQUEST_BUDGET = 1.5  # seconds that an order request may wait for the IMS
PAYMENTS_SETTLE = 20.0  # seconds until a comparison with the gateway looks again: events and jobs need a moment
INVENTORY_SETTLE = 15.0  # seconds until a comparison looks again; the mirror reads every 10

PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"
PROCRASTINATE_ON_APP_READY = "core.queue.on_app_ready"
WORKER_HEARTBEAT = env.integer("WORKER_HEARTBEAT_SECONDS", 10, at_least=1)
WORKER_LOST_AFTER = 3 * WORKER_HEARTBEAT  # its jobs then go to the living
PROCRASTINATE_WORKER_DEFAULTS = {
    "concurrency": env.integer("WORKER_CONCURRENCY", 4, at_least=1),
    "delete_jobs": "never",
    "fetch_job_polling_interval": 1.0,
    "shutdown_graceful_timeout": 10.0,
    "update_heartbeat_interval": float(WORKER_HEARTBEAT),
    "stalled_worker_timeout": float(WORKER_LOST_AFTER),
}

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 12 * 3600  # a shift
CSRF_COOKIE_HTTPONLY = True
SERVE_MEDIA = True  # small shops; set a web server or a bucket before it in production
SILENCED_SYSTEM_CHECKS = ["auth.E003"]  # e-mail is unique by a stronger rule: whatever its case

LOGGING = logging_config(level=env.level("LOG_LEVEL", "INFO"), json=True)
