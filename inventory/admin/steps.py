# mypy: disable-error-code="misc"
# unfold carries no types
"""What staff say of a unit: each word is a step with a page of its own."""

from dataclasses import dataclass
from typing import Any

from django import forms
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminExpandableTextareaWidget, UnfoldAdminRadioSelectWidget

from inventory.models import Unit


@dataclass(frozen=True, slots=True)
class Decision:
    """One word of `inventory.states.DECISIONS`; in `title` and `done`, {unit} is its serial number."""

    event: str
    name: str
    label: str
    icon: str
    title: str
    text: str
    done: str
    note: str = "Note"
    is_graded: bool = False
    is_danger: bool = False
    variant: ActionVariant = ActionVariant.DEFAULT


DECISIONS = (
    Decision(
        event="shelve",
        name="shelve",
        label="Clean: back on the shelf",
        icon="shelves",
        title="{unit} is clean?",
        text="It goes back on the shelf, and its days of cleaning end now.",
        done="{unit} is back on the shelf.",
        is_graded=True,
        variant=ActionVariant.PRIMARY,
    ),
    Decision(
        event="mend",
        name="mend",
        label="Repaired: back on the shelf",
        icon="task_alt",
        title="{unit} is repaired?",
        text="It goes back on the shelf and can be given to customers again.",
        done="{unit} is repaired and back on the shelf.",
        is_graded=True,
        variant=ActionVariant.PRIMARY,
    ),
    Decision(
        event="find",
        name="find",
        label="Found again",
        icon="search_check",
        title="{unit} is found again?",
        text="It goes to cleaning first; from there it is put back on the shelf.",
        done="{unit} is found again and goes to cleaning.",
        is_graded=True,
        variant=ActionVariant.PRIMARY,
    ),
    Decision(
        event="break",
        name="send_to_maintenance",
        label="Send to maintenance",
        icon="build",
        title="Send {unit} to maintenance?",
        text="Nobody gets it until it is repaired. Bookings that no other unit can serve are listed at once.",
        done="{unit} is in maintenance.",
        note="What is broken",
        is_graded=True,
    ),
    Decision(
        event="lose",
        name="lose",
        label="Lost",
        icon="location_off",
        title="{unit} is lost?",
        text="It no longer counts. Bookings that no other unit can serve are listed at once.",
        done="{unit} is written off as lost.",
        is_danger=True,
    ),
    Decision(
        event="retire",
        name="retire",
        label="Retire",
        icon="inventory",
        title="Retire {unit} for good?",
        text="It leaves the fleet and does not come back. Bookings that no other unit can serve are listed at once.",
        done="{unit} is retired.",
        note="Why",
        is_danger=True,
    ),
)  # in the order in which they are offered
BY_EVENT = {decision.event: decision for decision in DECISIONS}


def _note(label: str) -> forms.CharField:
    widget = UnfoldAdminExpandableTextareaWidget(attrs={"rows": 2})
    return forms.CharField(
        label=label, max_length=200, required=False, widget=widget, help_text="The history of the unit keeps it."
    )


def _condition() -> forms.ChoiceField:
    return forms.ChoiceField(
        choices=Unit.Condition.choices,
        widget=UnfoldAdminRadioSelectWidget(),
        error_messages={"required": "Say in which condition it is."},
    )


class GradeForm(forms.Form):
    """The condition as it is now, to be corrected."""

    def __init__(self, data: Any, *, unit: Unit) -> None:
        super().__init__(data, initial={"condition": unit.condition})
        self.fields["condition"] = _condition()
        self.fields["note"] = _note("Note")


class DecisionForm(forms.Form):
    """What is asked beside whether."""

    def __init__(self, data: Any, *, unit: Unit, decision: Decision) -> None:
        super().__init__(data, initial={"condition": unit.condition})
        if decision.is_graded:
            self.fields["condition"] = _condition()
        self.fields["note"] = _note(decision.note)


class ConfirmForm(forms.Form):
    """Nothing is asked but whether."""
