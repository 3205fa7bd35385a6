"""`make chaos`: a run in a database of its own, and its figures. Exit code 0: nothing is wrong; 1: something is.

python -m tests.journeys.chaos [--seconds 600] [--seed 7] [--customers 16]
"""

import random
import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path

import django
from django.apps import apps
from django.conf import settings
from django.db import connection

if not apps.ready:
    django.setup()

from sandbox.inventory.server import running as running_inventory
from tests.journeys.chaos.engine import environment, run_chaos
from tests.journeys.chaos.plan import Plan
from tests.journeys.stack import running_stack


def main() -> int:
    parser = ArgumentParser(prog="make chaos", description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=random.randrange(10_000))
    parser.add_argument("--customers", type=int, default=16)
    plan = Plan(**vars(parser.parse_args()))
    print(f"seed {plan.seed}, {plan.customers} customers, {plan.seconds:g} s", flush=True)
    name = connection.settings_dict["NAME"]
    connection.settings_dict["TEST"]["NAME"] = f"chaos_{name}"
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    try:
        with running_inventory(token="token-of-the-chaos", push_secret="push-new") as ims:
            settings.INVENTORY_URL, settings.INVENTORY_TOKEN = ims.url, ims.token
            with running_stack(ims, folder, **environment(folder)) as stack:
                outcome = run_chaos(plan, ims, stack)
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
    print(*outcome.lines(), sep="\n")
    if outcome.wrong:
        print(f"What web and worker said is in {folder}; again: make chaos SEED={plan.seed} SECONDS={plan.seconds:g}")
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
