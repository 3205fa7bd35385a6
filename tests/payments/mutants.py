"""Do the tests of money notice? Plants one fault after the other in a copy of the tree, and says which are caught.

    DJANGO_SETTINGS_MODULE=config.settings.test python -m tests.payments.mutants [name ...]

TEST_DATABASE_URL names the database as for the tests. Exit 0: all were caught that are not in SPARED. By hand, not in
`make test`: a fault takes between ten seconds and two minutes. Every fault is one exact substitution, so that code that
moves on is noticed here. What must be reached is not looked at: that a fault bars the way is no proof.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
MACHINE = "tests/payments/test_money_machine.py"
TEST = f"{MACHINE}::test_no_cent_goes_astray_whatever_happens_in_whatever_order"
MILESTONES = "    assert not few"


@dataclass(frozen=True)
class Mutant:
    """`file` of payments/ with `old` replaced by `new`, once."""

    file: str
    old: str
    new: str


# By the chapter that is tried first; each name says what goes wrong.
MUTANTS = {
    "paying": {
        "an order is confirmed unpaid": Mutant(
            "services/collecting.py", "if order.unpaid and is_paid_in_full(order):", "if order.unpaid:"
        ),
        "a payment is written down without confirming": Mutant(
            "services/collecting.py",
            "    elif newly_captured > 0 or (payment.captured_minor and order.unpaid):\n",
            "    elif False:\n",
        ),
        "a payment that came late stays unnoticed": Mutant(
            "services/settling.py",
            "    if order.status == OrderStatus.EXPIRED and balance(order_id) < 0:\n",
            "    if False:\n",
        ),
        "late money neither confirms nor goes back": Mutant(
            "services/settling.py",
            '    refund_overpayment(order_id=order.pk, reason=reason, actor="clock")\n    return order\n',
            "    return order\n",
        ),
        "a dead order can still be paid": Mutant(
            "services/settling.py", "        close_payments(order_id=order_id)\n", "        pass\n"
        ),
        "an older answer undoes a success": Mutant(
            "services/collecting.py", "        return not remote.captured_minor\n", "        return False\n"
        ),
        "a stray payment is not counted": Mutant(
            "services/collecting.py",
            "    return _count_stray(named.pk, remote) if remote.captured_minor else None\n",
            "    return None\n",
        ),
        "what was paid twice is kept": Mutant(
            "services/settling.py",
            "    elif balance(order_id) < 0 and not order.unpaid:\n",
            "    elif balance(order_id) < 0 and order.status in _DEAD:\n",
        ),
        "a card is charged again after a lost answer": Mutant(
            "services/asking.py",
            "    if payment.attempts or payment.created_at < timezone.now() - _FIRST_TRY:\n",
            "    if False:\n",
        ),
    },
    "giving back": {
        "what is on its way is not counted": Mutant(
            "services/returning.py", "    payment.refund_pending_minor += refund.amount_minor\n", ""
        ),
        "what the gateway gives back is not counted": Mutant(
            "services/returning.py", "    payment.refund_pending_minor += remote.amount_minor\n", ""
        ),
        "more can be refunded than is left": Mutant(
            "services/returning.py",
            "    if not 0 < amount_minor <= payment.refundable_minor:\n",
            "    if not 0 < amount_minor <= payment.amount_minor:\n",
        ),
        "a refund is sent twice": Mutant(
            "services/returning.py",
            "        tried_before = refund.attempts > 0 or refund.created_at < timezone.now() - _FIRST_TRY\n",
            "        tried_before = False\n",
        ),
        "a refund is credited twice": Mutant(
            "services/returning.py",
            "    _credit_for(order, payment, remote.amount_minor, reason=reason, actor=GATEWAY)\n",
            "    _credit_for(order, payment, remote.amount_minor, reason=reason, actor=GATEWAY)\n" * 2,
        ),
        "a refund of the gateway's is not credited": Mutant(
            "services/returning.py",
            "    _credit_for(order, payment, remote.amount_minor, reason=reason, actor=GATEWAY)\n",
            "",
        ),
        "a failed refund stays on its way": Mutant(
            "services/returning.py",
            "refund.amount_minor if status not in UNDER_WAY else 0\n",
            "refund.amount_minor if status == RefundStatus.SUCCEEDED else 0\n",
        ),
        "a refund that failed after it had arrived stays refunded": Mutant(
            "services/returning.py",
            "        payment.refunded_minor -= refund.amount_minor if before == RefundStatus.SUCCEEDED else 0\n",
            "        pass\n",
        ),
        "a second person is not needed": Mutant(
            "services/returning.py", "    if needs_approval(payment, amount_minor, actor=actor):\n", "    if False:\n"
        ),
        "an approved refund still waits": Mutant(
            "services/returning.py",
            "    payment.refund_waiting_minor -= refund.amount_minor\n    if refund.amount_minor >",
            "    if refund.amount_minor >",
        ),
        "a declined refund still waits": Mutant(
            "services/returning.py",
            "    payment.refund_waiting_minor -= refund.amount_minor\n    save_sums(payment)\n    settle_soon",
            "    save_sums(payment)\n    settle_soon",
        ),
        "a refund is credited before it is approved": Mutant(
            "services/returning.py",
            "        payment.refund_waiting_minor += amount_minor\n",
            "        payment.refund_waiting_minor += amount_minor\n"
            "        _credit(payment.order, amount_minor, reason=reason, actor=actor)\n",
        ),
        "an order that is refunded in full is not cancelled": Mutant(
            "services/returning.py", "    if empties(order, going_back_minor):\n", "    if False:\n"
        ),
        "an event that comes again is looked at no more, though it failed": Mutant(
            "services/settling.py",
            "    if event.status in (EventStatus.PROCESSED, EventStatus.IGNORED):\n",
            "    if event.attempts or event.status in (EventStatus.PROCESSED, EventStatus.IGNORED):\n",
        ),
        "events of refunds change nothing": Mutant(
            "services/settling.py", "payment is not None and topic == Topic.REFUND", "False"
        ),
        "a receipt is forgotten": Mutant("services/settling.py", "    issue_documents(order_id=order_id)\n", ""),
    },
    "deposits": {
        "a whole hold is captured": Mutant(
            "services/deposits.py",
            "ref=ref, amount_minor=self.keep_minor)",
            "ref=ref, amount_minor=self.payment.amount_minor)",
        ),
        "a charged deposit goes back with what is kept": Mutant(
            "services/deposits.py", "amount_minor=seen - keep,", "amount_minor=seen,"
        ),
        "more is kept than is secured": Mutant(
            "services/deposits.py",
            "keep_minor=min(due, _secured_minor(deposit))",
            "keep_minor=min(due, deposit.amount_minor)",
        ),
        "a second hold stays": Mutant(
            "services/deposits.py",
            "        if not deposit.is_live or _is_surplus(deposit, payment)\n",
            "        if not deposit.is_live\n",
        ),
        "a hold that the bank let go still secures": Mutant(
            "services/deposit_states.py",
            "    elif deposit.status == DepositStatus.SECURED and deposit.is_secured_by(payment):\n",
            "    elif False:\n",
        ),
        "what could not be kept is not owed again": Mutant(
            "services/deposit_states.py", "        keep_less(deposit, payment.not_returned_minor)\n", "        pass\n"
        ),
        "a dead order's deposit lives on": Mutant(
            "services/deposits.py", "    return order.status != OrderStatus.CONFIRMED or is", "    return is"
        ),
    },
    "damage": {
        "the rest of a charged deposit is lost": Mutant(
            "services/deposits.py",
            "        elif payment.refundable_minor > keep and not _is_refused(payment):\n",
            "        elif payment.refundable_minor > keep == 0 and not _is_refused(payment):\n",
        ),
        "nobody is asked for what a deposit does not cover": Mutant(
            "services/settling.py", "        collect_extra(order_id=order_id)\n", "        pass\n"
        ),
        "a card that said no is asked again": Mutant(
            "services/extras.py", "or _has_asked_card(order.pk, due):", "or False:"
        ),
        "an order is complete with a debt": Mutant(
            "services/settling.py", "    return owed(order_id) == 0 and not", "    return not"
        ),
        "an order is complete with a refund under way": Mutant(
            "services/settling.py", " and not under_way.exists() and", " and"
        ),
    },
    "banks": {
        "what a bank took is not counted": Mutant(
            "services/disputes.py", "        payment.disputed_minor = withdrawn\n", "        pass\n"
        ),
        "a lost dispute is taken for a won one": Mutant(
            "services/disputes.py",
            "    RemoteDisputeStatus.LOST: DisputeStatus.LOST,\n",
            "    RemoteDisputeStatus.LOST: DisputeStatus.WON,\n",
        ),
        "what a bank gave back is not heard of": Mutant(
            "providers/stripe/reading.py",
            "    taken = -sum(moved.amount for moved in dispute.balance_transactions)\n",
            "    taken = -sum(moved.amount for moved in dispute.balance_transactions if moved.amount < 0)\n",
        ),
        "what is written off is credited twice": Mutant(
            "services/disputes.py", "amount_minor=-credit, reason", "amount_minor=-2 * credit, reason"
        ),
        "a customer is charged while a bank holds the money": Mutant(
            "selectors.py", "max(0, left - _undecided(order_id))", "left"
        ),
        "a refund is sent while a bank holds the money": Mutant(
            "services/returning.py", "    if held_by_bank().filter(payment=payment).exists():\n", "    if False:\n"
        ),
    },
}
SPARED = {
    "an order is confirmed unpaid": "a payment is always of the whole price; what is parked, or a part of it: "
    "tests/payments/test_strays.py, test_a_part_of_the_price_confirms_nothing and its neighbours",
    "a payment that came late stays unnoticed": "its money goes back, as when the stock is gone: "
    "tests/payments/test_services.py, test_money_that_comes_too_late_wins_the_stock_anew_when_it_is_still_there",
    "a card that said no is asked again": "only once somebody cancelled the extra: tests/payments/"
    "test_deposit_trouble.py, test_an_extra_that_was_declined_and_then_cancelled_at_the_gateway_is_not_asked_from_the_"
    "card_again",
}


def main(names: list[str]) -> int:
    survivors, tried = [], 0
    for chapter, mutants in MUTANTS.items():
        for name in mutants:
            if names and name not in names:
                continue
            started, tried = time.monotonic(), tried + 1
            with tempfile.TemporaryDirectory(prefix="mutant-") as tree:
                error = _caught(mutants[name], Path(tree) / "tree", first=chapter)
            told = "caught  " if error else "SURVIVED"
            print(f"{told} {time.monotonic() - started:4.0f} s  {name}: {error}", flush=True)
            if not error:
                survivors.append(name)
    print(f"{tried - len(survivors)} of {tried} caught")
    for name in survivors:
        print(f"{name}: {SPARED.get(name, 'should have been caught')}")
    return int(any(name not in SPARED for name in survivors))


def _caught(mutant: Mutant, tree: Path, *, first: str) -> str:
    """What the machine said; "" if it found nothing."""
    unneeded = shutil.ignore_patterns(".git", ".venv", ".*_cache", "__pycache__", ".hypothesis", "node_modules")
    shutil.copytree(ROOT, tree, ignore=unneeded, symlinks=True)
    _substitute(tree / "payments" / mutant.file, mutant.old, mutant.new)
    _substitute(tree / MACHINE, MILESTONES, "    assert True or not few")
    chapters = sorted(MUTANTS, key=lambda chapter: chapter != first)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-qx", "--reuse-db", "--tb=short", "--show-capture=no"]
        + [f"{TEST}[{chapter}]" for chapter in chapters],
        cwd=tree,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    said = re.findall(r"^E   (?!Draw|state|Failing)(\S.*)$", run.stdout, re.MULTILINE)
    if run.returncode not in (0, 1) or (run.returncode and not said):
        raise SystemExit(f"The tests did not run:\n{run.stdout[-2000:]}{run.stderr[-2000:]}")
    return said[0][:120] if said else ""


def _substitute(file: Path, old: str, new: str) -> None:
    source = file.read_text()
    if source.count(old) != 1:
        raise SystemExit(f"{file.name} does not have this once: {old!r}")
    file.write_text(source.replace(old, new))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
