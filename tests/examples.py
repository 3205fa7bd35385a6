"""How many examples a property is held against, and whether they are the same each time: HYPOTHESIS_PROFILE."""

import os
from typing import Any

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

HUNDRED = 100

settings.register_profile("repeatable", derandomize=True, max_examples=HUNDRED, deadline=None, database=None)
settings.register_profile("long", derandomize=False, max_examples=20 * HUNDRED, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


def examples(count: int, **others: Any) -> settings:
    """So many in the repeatable profile, and in proportion in any other."""
    return settings(max_examples=count * settings().max_examples // HUNDRED, **others)


def run_machine(machine: type[RuleBasedStateMachine], *, number: int, count: int, steps: int) -> None:
    """Run so many examples of a state machine, of so many steps, the same for the same number."""
    run_state_machine_as_test(
        seed(number)(type(f"Seed{number}", (machine,), {})),
        settings=settings(
            max_examples=count,
            stateful_step_count=steps,
            deadline=None,
            phases=[Phase.generate],
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
