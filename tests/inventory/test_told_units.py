"""What staff decided about a unit reaches the system once, whichever it is, although the answer was lost."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from inventory import jobs
from inventory.models import Unit
from inventory.providers.base import UnknownOutcome
from inventory.services import decide_unit, enqueue_untold_units, mirror_changes, reconcile_inventory, tell_unit
from tests.contracts.staff import HttpStaff, StandInStaff, Verb
from tests.contracts.test_inventory_metrics import measured
from tests.contracts.test_inventree_shop import opened
from tests.jobs import forget_jobs, run_jobs

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["http", "inventree"])
def staff(request: pytest.FixtureRequest, settings: Settings) -> Iterator[HttpStaff | StandInStaff]:
    """Of the system of a shop with units for rent that both know."""
    if request.param == "http":
        yield HttpStaff(request.getfixturevalue("shop").ims)
        return
    with opened(settings) as shop:
        shop.staff.add_units("SKY", "AMS", ["SKY-1", "SKY-2"])
        mirror_changes()
        yield shop.staff


@pytest.mark.parametrize("fault", ["drop_before", "drop_after"])
@pytest.mark.parametrize("way", ["service", "job"])
def test_a_decision_whose_answer_was_lost_is_told_again_and_is_in_the_end_the_same_on_both_sides(
    staff: HttpStaff | StandInStaff, fault: str, way: str
) -> None:
    unit = Unit.objects.earliest("serial")
    decide_unit(unit_id=unit.pk, event="break", condition="D")
    forget_jobs()
    tell = tell_unit if way == "service" else jobs.tell_unit
    staff.breaks(Verb.SET_UNIT, fault)

    with pytest.raises(UnknownOutcome):  # the job's own retry is its queue's
        tell(unit_id=unit.pk)
    mirror_changes()
    unit.refresh_from_db()
    assert (unit.status, unit.condition) == ("maintenance", "D")
    assert unit.decided_here == (fault == "drop_before")  # news that say the same are the acknowledgement

    enqueue_untold_units()
    run_jobs()
    tell(unit_id=unit.pk)

    unit.refresh_from_db()
    assert (unit.status, unit.condition, unit.decided_here) == ("maintenance", "D", False)
    calls = measured().get("set_unit", 0)
    tell(unit_id=unit.pk)
    assert measured().get("set_unit", 0) == calls
    mirror_changes(anew=True)
    assert reconcile_inventory(settle=0).findings == []
