"""`python -m sandbox.inventory`: see `--help`."""

from __future__ import annotations

import argparse
import sqlite3
import sys
from pathlib import Path

from sandbox.http import bind, refuse, refuse_beside_production, run
from sandbox.inventory.db import HOLD_SECONDS
from sandbox.inventory.server import assemble, nobody
from sandbox.inventory.store import Store

NAME = "sandbox inventory"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.inventory", description="A stand-in inventory system.")
    parser.add_argument("--port", type=int, default=8020, help="0: any free port (default: %(default)s)")
    parser.add_argument("--state", type=Path, help="file that keeps the state; without it, memory does")
    parser.add_argument("--token", default="inventory-test-token", help="bearer token of its one client")
    parser.add_argument("--push-url", help="where to tell about changes; without it, nobody is told")
    parser.add_argument("--push-secret", default="inventory-test-secret", help="signs what is told")
    parser.add_argument("--hold-seconds", type=float, default=HOLD_SECONDS, help="life of an unconfirmed reservation")
    return parser.parse_args()


def main() -> int:
    refuse_beside_production(NAME)
    args = arguments()
    server = bind(NAME, nobody, args.port)
    try:
        if args.state:
            args.state.parent.mkdir(parents=True, exist_ok=True)
        store = Store(args.state, hold_seconds=args.hold_seconds)
    except (OSError, sqlite3.Error) as error:
        refuse(NAME, f"its state in {args.state} cannot be used ({error}).")
    sandbox = assemble(server, store, args.token, args.push_url, args.push_secret)
    sandbox.pusher.start()
    try:
        return run(NAME, server)
    finally:
        sandbox.pusher.stop()
        store.close()


if __name__ == "__main__":
    sys.exit(main())
