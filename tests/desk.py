"""What tests of the staff pages share: somebody at a browser, forms as browsers send them, errors as they read."""

from html.parser import HTMLParser
from typing import Any

from django.contrib.auth.models import Group
from django.test import Client

from config.groups import setup_groups
from tests.factories.accounts import UserFactory


def sit(client: Client, group: str) -> Client:
    """Log a new member of this group of staff in."""
    setup_groups()
    user = UserFactory(staff=True)
    user.groups.add(Group.objects.get(name=group))
    client.force_login(user)
    return client


def formset(prefix: str, *rows: dict[str, Any], there: int = 0) -> dict[str, Any]:
    """The rows of an inline; the first `there` of them exist already."""
    data: dict[str, Any] = {f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": there}
    return data | {f"{prefix}-{n}-{name}": value for n, row in enumerate(rows) for name, value in row.items()}


def errors(answer: Any) -> str:
    """Everything that a form complains about, as one text."""
    inlines = [inline.formset for inline in answer.context["inline_admin_formsets"]]
    return str([answer.context["errors"], *((rows.errors, rows.non_form_errors()) for rows in inlines)])


class _Form(HTMLParser):
    """What a browser sends of a page's main form when nothing is typed. Files are not sent again."""

    def __init__(self, form_id: str) -> None:
        super().__init__()
        self.form_id, self.inside, self.sent = form_id, False, dict[str, Any]()
        self._select, self._text = "", ""

    def handle_starttag(self, tag: str, found: list[tuple[str, str | None]]) -> None:
        attrs = {name: value or "" for name, value in found}
        if tag == "form":
            self.inside = attrs.get("id") == self.form_id
        elif self.inside and "disabled" not in attrs:
            name, kind = attrs.get("name", ""), attrs.get("type", "text")
            ticked = kind not in ("checkbox", "radio") or "checked" in attrs
            if tag == "input" and name and kind not in ("file", "submit") and ticked:
                self.sent.setdefault(name, []).append(attrs.get("value", "on" if kind == "checkbox" else ""))
            elif tag == "select":
                self._select = name
            elif tag == "option" and self._select and "selected" in attrs:
                self.sent.setdefault(self._select, []).append(attrs.get("value", ""))
            elif tag == "textarea":
                self._text = name
                self.sent[name] = [""]

    def handle_data(self, data: str) -> None:
        if self._text:
            self.sent[self._text][0] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            self.sent[self._text] = [self.sent[self._text][0].removeprefix("\n")]
            self._text = ""


def as_shown(answer: Any) -> dict[str, Any]:
    """What a browser sends when the form of a page is saved as it was opened: {name: [values]}."""
    form = _Form(f"{answer.context['opts'].model_name}_form")
    form.feed(answer.content.decode())
    return form.sent
