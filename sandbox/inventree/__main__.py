"""`python -m sandbox.inventree`: see `--help`."""

from __future__ import annotations

import argparse
import sys

from sandbox.http import bind, refuse_beside_production, run
from sandbox.inventree.orders import Store
from sandbox.inventree.server import assemble, nobody

NAME = "sandbox inventree"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.inventree", description="A stand-in InvenTree.")
    parser.add_argument("--port", type=int, default=8030, help="0: any free port (default: %(default)s)")
    parser.add_argument("--token", default="inv-test-token", help="token of its one user")
    parser.add_argument("--no-worker", action="store_true", help="ship at once, as an InvenTree without a worker does")
    parser.add_argument("--push-url", help="where its plugin tells about events; without it, nobody is told")
    parser.add_argument("--push-secret", default="inventory-test-secret", help="signs what is told")
    parser.add_argument("--depot", action="append", default=[], help="a location of this name; may be repeated")
    return parser.parse_args()


def main() -> int:
    refuse_beside_production(NAME)
    args = arguments()
    server = bind(NAME, nobody, args.port)
    store = Store(worker=None if args.no_worker else 0.5)
    store.insert("company", name="Web shop", is_customer=True, description="")
    for name in args.depot:
        store.insert("location", name=name, parent=None, description="", structural=False)
    assemble(server, store, args.token, args.push_secret).plugin.url = args.push_url
    return run(NAME, server)


if __name__ == "__main__":
    sys.exit(main())
