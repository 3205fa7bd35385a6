"""python -m sandbox.stripe --port 8010 --state PATH --webhook-url URL --webhook-secret SECRET"""

from __future__ import annotations

import argparse
import os
import sqlite3
import sys
from collections.abc import Sequence

from sandbox.http import bind, refuse, refuse_beside_production, run
from sandbox.stripe.sandbox import StripeSandbox
from sandbox.stripe.server import Front

NAME = "sandbox stripe"


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.stripe", description="A stand-in for Stripe, on 127.0.0.1."
    )
    parser.add_argument("--port", type=int, default=8010, help="0: any free port (default: 8010)")
    parser.add_argument("--state", metavar="PATH", help="keep everything in this file (default: in memory)")
    parser.add_argument("--webhook-url", metavar="URL", help="post webhooks there (default: they wait)")
    parser.add_argument(
        "--webhook-secret", metavar="SECRET", action="append", default=[], help="sign with it; twice: with both"
    )
    parser.add_argument(
        "--secret-key",
        metavar="KEY",
        default=os.environ.get("STRIPE_SECRET_KEY") or None,
        help="the only right secret key (default: $STRIPE_SECRET_KEY, else any sk_test_ key)",
    )
    parser.add_argument(
        "--publishable-key",
        metavar="KEY",
        default=os.environ.get("STRIPE_PUBLISHABLE_KEY") or None,
        help="the only right publishable key (default: $STRIPE_PUBLISHABLE_KEY, else any pk_test_ key)",
    )
    options = parser.parse_args(arguments)
    if options.webhook_url and not options.webhook_secret:
        parser.error("--webhook-url needs --webhook-secret")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    refuse_beside_production(NAME)
    options = _options(arguments)
    for key in (options.secret_key, options.publishable_key):
        if key and not key.startswith(("sk_test_", "rk_test_", "pk_test_")):
            refuse(NAME, "a key that is no test key was given.")

    front = Front()
    front.server = bind(NAME, front.handle, options.port)
    try:
        front.sandbox = StripeSandbox(
            options.state,
            secret_key=options.secret_key,
            publishable_key=options.publishable_key,
            webhook_url=options.webhook_url,
            webhook_secrets=options.webhook_secret or ["whsec_sandbox"],
            base_url=front.server.url,
        )
    except (sqlite3.Error, OSError, ValueError) as error:
        front.server.server_close()
        refuse(NAME, f"{error}.")
    with front.sandbox:
        return run(NAME, front.server)


if __name__ == "__main__":
    sys.exit(main())
