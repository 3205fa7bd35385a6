"""The counts are followed from a shell, with progress, and an exit code that scripts can tell apart."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from inventory.models import StockLevel
from tests.shop import Shop

pytestmark = pytest.mark.django_db


def on_hand(shop: Shop) -> int:
    return StockLevel.objects.get(variant=shop.bag).on_hand


def told(**options: bool) -> tuple[int, str, str]:
    """(exit code, stdout, stderr) of mirror_inventory."""
    out, err = StringIO(), StringIO()
    try:
        call_command("mirror_inventory", stdout=out, stderr=err, **options)
    except CommandError as error:
        return error.returncode, out.getvalue(), str(error)
    return 0, out.getvalue(), err.getvalue()


def test_the_command_reads_what_changed_and_says_how_far_it_is(shop: Shop) -> None:
    shop.ims.store.sell("BAG-1", "BER", 4)

    assert told() == (0, "1 rows written\n", "1 rows read, 1 written\n")
    assert on_hand(shop) == 6


def test_the_command_reads_everything_anew_when_it_is_told_to(shop: Shop) -> None:
    StockLevel.objects.update(on_hand=99, as_of=None)

    assert told() == (0, "0 rows written\n", "0 rows read, 0 written\n")
    assert told(anew=True) == (0, "1 rows written\n", "4 rows read, 1 written\n")
    assert on_hand(shop) == 10


def test_the_command_says_by_its_exit_code_that_the_system_is_away(shop: Shop) -> None:
    shop.ims.faults.update({"down": True})

    code, out, said = told()

    assert (code, out) == (2, "")
    assert "cannot be read" in said


def test_the_command_ends_with_64_when_it_is_not_understood() -> None:
    with pytest.raises(CommandError) as refused:
        call_command("mirror_inventory", "--anew=yes")

    assert refused.value.returncode == 64
