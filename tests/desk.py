"""What tests of the staff pages share: somebody at a browser, forms as browsers send them, errors as they read."""

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
