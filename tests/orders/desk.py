"""Staff at their desks: browsers that are logged in with the rights of a group."""

from typing import Any

from django.contrib.auth.models import Group
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from accounts.models import User
from config.groups import setup_groups
from tests.factories.accounts import UserFactory


def desk_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def desk(group: str) -> Client:
    """Somebody of this group ("clerk", "refunds", "auditor", "catalog"), or the "boss"."""
    if group == "boss":
        return desk_of(UserFactory(superuser=True, name="Bo Boss"))
    setup_groups()
    user = UserFactory(staff=True, name=f"Sam of {group}")
    user.groups.add(Group.objects.get(name=group))
    return desk_of(user)


def address(name: str, *args: Any) -> str:
    """An address of the staff pages: "orders_order_change"."""
    return reverse(f"admin:{name}", args=[getattr(arg, "pk", arg) for arg in args])


def said(response: Any) -> str:
    """What a step told whoever took it, on the page it returned to."""
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def who(client: Client) -> str:
    """As the history names whoever sits here."""
    return f"staff:{client.session['_auth_user_id']}"
