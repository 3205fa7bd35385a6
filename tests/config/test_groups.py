"""What the groups of staff may do."""

from io import StringIO

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.core.management import CommandError, call_command
from django.test import Client, RequestFactory

from accounts.models import User
from config.groups import GROUPS, setup_groups
from config.navigation import sidebar
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db


def member(group: str) -> User:
    user = UserFactory(staff=True)
    user.groups.add(Group.objects.get(name=group))
    return user


def test_the_command_gives_every_group_exactly_its_rights():
    call_command("setup_groups", stdout=StringIO())
    stray = Permission.objects.get(codename="delete_order")
    Group.objects.get(name="auditor").permissions.add(stray)

    said = StringIO()
    call_command("setup_groups", stdout=said)

    assert said.getvalue().splitlines() == [
        "catalog\tup to date", "clerk\tup to date", "refunds\tup to date", "approvals\tup to date",
        "auditor\t1 rights changed",
    ]  # fmt: skip
    for name, rights in GROUPS.items():
        held = Group.objects.get(name=name).permissions.select_related("content_type")
        assert {f"{p.content_type.app_label}.{p.codename}" for p in held} == set(rights)


def test_a_right_that_nobody_declares_stops_the_command():
    Permission.objects.filter(codename="refund_payment").delete()

    with pytest.raises(CommandError, match=r"payments\.refund_payment"):
        call_command("setup_groups", stdout=StringIO())


@pytest.mark.parametrize("group", GROUPS)
def test_no_group_may_touch_users_groups_or_the_money_itself(group: str):
    setup_groups()
    user = member(group)

    for right in ("accounts.change_user", "auth.change_group", "payments.change_payment", "payments.add_refund",
                  "orders.delete_order", "orders.add_charge", "inventory.change_stocklevel"):  # fmt: skip
        assert not user.has_perm(right), right


def test_only_refunds_gives_money_back():
    setup_groups()

    assert {group for group in GROUPS if member(group).has_perm("payments.refund_payment")} == {"refunds"}


def test_an_auditor_sees_every_model_that_has_a_page_and_changes_none():
    setup_groups()
    auditor = member("auditor")
    ours = {app.label for app in apps.get_app_configs()} & {"catalog", "inventory", "orders", "payments", "accounts"}

    for model in admin.site._registry:
        if model._meta.app_label in ours:
            assert auditor.has_perm(f"{model._meta.app_label}.view_{model._meta.model_name}"), model
    assert all(".view_" in right for right in auditor.get_all_permissions())


def test_the_sidebar_names_only_pages_that_open(client: Client):
    user = UserFactory(superuser=True)
    client.force_login(user)
    request = RequestFactory().get("/admin/")
    request.user = user

    groups = sidebar(request)

    assert [group["title"] for group in groups] == ["Catalog", "Airlines", "Stock", "Orders", "Money", "People"]
    for item in (item for group in groups for item in group["items"]):
        assert client.get(item["link"]).status_code == 200, item
