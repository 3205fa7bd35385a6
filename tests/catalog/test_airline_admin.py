"""Staff keep the rules of airlines: in versions, read again, taken in from files."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from catalog.models import Airline, CabinRule, HoldRule
from catalog.resources import OUR_RULES, import_airline_rules
from tests.catalog.test_admin import transfer
from tests.desk import errors, sit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rules")]


@pytest.fixture
def rules() -> None:
    import_airline_rules(OUR_RULES)


@pytest.fixture
def lufthansa(rules: None) -> CabinRule:
    return CabinRule.objects.get(airline__code="LH", shell="soft")


def page(model: str, action: str = "changelist", *args: Any) -> str:
    return reverse(f"admin:catalog_{model}_{action}", args=args)


def test_every_page_of_airlines_and_rules_opens(staff: Client) -> None:
    rows = {
        "airline": Airline.objects.get(code="AC").pk,
        "cabinrule": CabinRule.objects.filter(airline__code="AC").first().pk,  # type: ignore[union-attr]
        "holdrule": HoldRule.objects.get(airline=None).pk,
    }

    for model, pk in rows.items():
        for address in (page(model), page(model, "add"), page(model, "change", pk), page(model, "export")):
            assert staff.get(address).status_code == 200, address


def test_the_list_tells_what_a_rule_is_about_and_says(staff: Client) -> None:
    shown = staff.get(page("cabinrule"), {"q": "Air Canada"}).content.decode()

    for text in ("Air Canada (AC)", "777", "430 x 380 x 210 mm", "10 kg with the cat", "Business", "Medium"):
        assert text in shown, text
    assert "No cats" in staff.get(page("cabinrule"), {"q": "Ryanair"}).content.decode()


@pytest.mark.parametrize("model", ["airline", "cabinrule", "holdrule"])
def test_no_list_asks_more_when_it_has_more_rows(staff: Client, model: str) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            staff.get(page(model))
        return len(captured)

    many = statements()
    CabinRule.objects.exclude(airline__code="LH").delete()
    HoldRule.objects.exclude(airline=None).delete()

    assert statements() == many


def test_what_a_rule_says_is_never_changed_only_how_it_was_read(staff: Client, lufthansa: CabinRule) -> None:
    sent = {
        "height_mm": "999", "allowed": "", "note": "Soft carriers only.", "source": "lufthansa.com",
        "checked_on": "2026-11-25", "trust": "medium",
    }  # fmt: skip

    answer = staff.post(page("cabinrule", "change", lufthansa.pk), sent)

    assert answer.status_code == 302, errors(answer)
    lufthansa.refresh_from_db()
    assert (lufthansa.height_mm, lufthansa.allowed) == (230, True)
    assert (lufthansa.source, lufthansa.trust) == ("lufthansa.com", "medium")


def test_a_new_version_begins_with_what_the_last_one_said(staff: Client, lufthansa: CabinRule) -> None:
    asked = staff.get(page("cabinrule", "new_version", lufthansa.pk))
    form = staff.get(asked.url).context["adminform"].form  # type: ignore[attr-defined]
    told = {name: form[name].value() for name in form.fields}
    tomorrow = timezone.now().date() + timedelta(days=1)
    sent = {name: "" if value is None else value for name, value in told.items()}

    answer = staff.post(page("cabinrule", "add"), sent | {"height_mm": 210, "valid_from": tomorrow, "trust": "good"})

    assert answer.status_code == 302, errors(answer)
    rules = CabinRule.objects.filter(airline__code="LH", shell="soft")
    assert [(rule.valid_from, rule.height_mm, rule.length_mm) for rule in rules] == [
        (tomorrow, 210, 550),
        (lufthansa.valid_from, 230, 550),
    ]


def test_a_new_version_of_a_no_begins_as_a_no_and_what_was_not_named_stays_so(staff: Client) -> None:
    no_cats = CabinRule.objects.get(airline__code="LH", shell="hard")
    no_snub_nosed = HoldRule.objects.get(airline__code="TK")

    for model, rule, name in (("cabinrule", no_cats, "allowed"), ("holdrule", no_snub_nosed, "snub_nosed")):
        asked = staff.get(page(model, "new_version", rule.pk))
        form = staff.get(asked.url).context["adminform"].form  # type: ignore[attr-defined]
        begun = {of: form[of].value() for of in type(rule).SAYS if of not in {"airline", "valid_from"}}
        assert "checked" not in form[name].subwidgets[0].data["attrs"], name
        assert {of: str(value or "") for of, value in begun.items()} == {
            of: str(getattr(rule, of) or "") for of in begun
        }


def test_an_airline_keeps_its_code_which_flights_and_stamps_name(staff: Client) -> None:
    airline = Airline.objects.get(code="LH")
    rows = {f"{of}_rules-{count}_FORMS": 0 for of in ("cabin", "hold") for count in ("TOTAL", "INITIAL")}

    answer = staff.post(page("airline", "change", airline.pk), rows | {"name": "Lufthansa Group", "code": "XX"})

    assert answer.status_code == 302, errors(answer)
    airline.refresh_from_db()
    assert (airline.code, airline.name) == ("LH", "Lufthansa Group")


def test_a_second_version_for_the_same_day_is_refused_in_plain_words(staff: Client, lufthansa: CabinRule) -> None:
    sent = {
        "airline": lufthansa.airline_id, "cabin": "", "aircraft": "", "shell": "soft", "allowed": "on", "most_cats": 1,
        "valid_from": lufthansa.valid_from, "source": "a letter", "checked_on": "2026-11-25", "trust": "good",
    }  # fmt: skip

    answer = staff.post(page("cabinrule", "add"), sent)

    assert "There is a version of this rule from this day already." in errors(answer)


def test_rules_that_were_read_again_are_believed_again(staff: Client, lufthansa: CabinRule) -> None:
    old = timezone.now().date() - timedelta(days=181)
    CabinRule.objects.filter(airline__code__in=["LH", "LX"]).update(checked_on=old)
    due = staff.get(page("cabinrule"), {"read": "old"}).context["cl"].queryset
    assert {rule.airline.code for rule in due} == {"LH", "LX"}

    staff.post(page("cabinrule"), {"action": "read_again", "_selected_action": [rule.pk for rule in due]})

    assert not CabinRule.objects.filter(checked_on=old).exists()
    assert LogEntry.objects.filter(change_message="Read again: still so.").count() == 4


@pytest.mark.parametrize("value", ["-5", "0", "99999", "tall"])
def test_an_impossible_limit_is_refused_beside_it(staff: Client, lufthansa: CabinRule, value: str) -> None:
    sent = {"airline": lufthansa.airline_id, "height_mm": value, "source": "x", "trust": "good", "most_cats": 1}

    answer = staff.post(page("cabinrule", "add"), sent)

    assert answer.context["adminform"].form.errors["height_mm"]
    assert CabinRule.objects.count() == 43


GUESSED = [
    ("allowed", "yes", "is not 1 for yes or 0 for no"),
    ("allowed", "ja", "is not 1 for yes or 0 for no"),
    ("allowed", " 1", "is not 1 for yes or 0 for no"),
    ("height_mm", "400.9", "is not a whole number"),
    ("valid_from", "05/12/2026", "is not a day such as 2026-12-31"),
    ("checked_on", "2026-13-01", "is not a day such as 2026-12-31"),
    ("checked_on", "2026-1-1", "is not a day such as 2026-12-31"),
]


@pytest.mark.parametrize(("column", "cell", "told"), GUESSED)
def test_a_cell_that_could_only_be_guessed_at_is_refused(staff: Client, column: str, cell: str, told: str) -> None:
    rule = {
        "airline": "LH", "cabin": "", "aircraft": "", "shell": "soft", "allowed": "1", "height_mm": "230",
        "most_cats": "1", "valid_from": "2027-01-01", "source": "a letter", "checked_on": "2026-11-25", "trust": "good",
    }  # fmt: skip
    before = CabinRule.objects.count()

    answer = transfer(staff, "cabinrule", f"{','.join(rule)}\n{','.join((rule | {column: cell}).values())}\n")

    assert escape(f'"{cell}" {told}') in answer.text
    assert CabinRule.objects.count() == before


@pytest.mark.parametrize(("cell", "allowed"), [("1", True), ("TRUE", True), ("0", False), ("false", False)])
def test_a_yes_and_a_no_are_taken_as_such(staff: Client, cell: str, allowed: bool) -> None:
    head = "airline,cabin,aircraft,shell,allowed,most_cats,valid_from,source,checked_on,trust"

    transfer(staff, "cabinrule", f"{head}\nLH,,,soft,{cell},1,2027-01-01,a letter,2026-11-25,good\n")

    assert CabinRule.objects.get(airline__code="LH", valid_from="2027-01-01").allowed is allowed


def test_rules_are_taken_in_from_a_file_after_a_look_at_them(staff: Client) -> None:
    head = "airline,cabin,aircraft,shell,allowed,length_mm,width_mm,height_mm,weight_g,most_cats"
    row = "LH,,,soft,1,550,400,210,8000,1,2027-03-01,lufthansa.com,2026-11-26,good"
    rows = f"{head},valid_from,source,checked_on,trust\n{row}\n"

    transfer(staff, "cabinrule", rows)

    assert CabinRule.objects.filter(airline__code="LH", shell="soft").count() == 2


def test_a_clerk_looks_and_changes_nothing(client: Client, lufthansa: CabinRule) -> None:
    clerk = sit(client, "clerk")

    assert clerk.get(page("cabinrule", "change", lufthansa.pk)).status_code == 200
    assert clerk.get(page("cabinrule", "add")).status_code == 403
    clerk.post(page("cabinrule"), {"action": "read_again", "_selected_action": [lufthansa.pk]})
    assert CabinRule.objects.get(pk=lufthansa.pk).checked_on == lufthansa.checked_on


def test_a_version_that_is_in_force_is_never_deleted(staff: Client, lufthansa: CabinRule) -> None:
    assert staff.post(page("cabinrule", "delete", lufthansa.pk), {"post": "yes"}).status_code == 403

    CabinRule.objects.filter(pk=lufthansa.pk).update(valid_from=timezone.now().date() + timedelta(days=1))
    assert staff.post(page("cabinrule", "delete", lufthansa.pk), {"post": "yes"}).status_code == 302
