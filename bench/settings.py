"""Production's settings, on one desk: the two outside systems are stand-ins here, and there is a yardstick."""

from config import env
from config.settings.production import *  # noqa: F403

INVENTORY_URL = env.address("BENCH_INVENTORY_URL")
STRIPE_API_BASE = env.address("BENCH_STRIPE_URL")
ROOT_URLCONF = "bench.urls"
ALLOWED_HOSTS = ["127.0.0.1"]
