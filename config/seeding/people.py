"""The demo's staff, one of each group, and one customer with cats."""

from dataclasses import asdict

from django.contrib.auth.models import Group
from django.db import transaction

from accounts.models import Address, Cat, User
from config.demo.catalog import CATS

PASSWORD = "cat-travel-demo"  # noqa: S105 (the demo's; refused in production)
STAFF = ("catalog", "clerk", "refunds", "approvals", "auditor")
ADMIN = "admin@example.com"
CUSTOMER = "mia@example.com"


def address_of(group: str) -> str:
    return f"{group}@example.com"


@transaction.atomic
def seed_people() -> int:
    """Everybody who is not there yet. Returns how many. Passwords of those who are there stay as they are."""
    missing = [who for who in (ADMIN, CUSTOMER, *map(address_of, STAFF)) if not User.objects.having_email(who).exists()]
    if ADMIN in missing:
        User.objects.create_superuser(ADMIN, PASSWORD, name="Ada Admin")
    for group in STAFF:
        if address_of(group) in missing:
            user = User.objects.create_user(address_of(group), PASSWORD, name=f"Demo {group}", is_staff=True)
            user.groups.add(Group.objects.get(name=group))
    if CUSTOMER in missing:
        _add_customer()
    return len(missing)


def _add_customer() -> None:
    mia = User.objects.create_user(CUSTOMER, PASSWORD, name="Mia Sommer")
    Cat.objects.bulk_create(Cat(owner=mia, **asdict(cat)) for cat in CATS)
    Address.objects.create(
        owner=mia,
        recipient="Mia Sommer",
        line1="Kastanienallee 12",
        postal_code="10435",
        city="Berlin",
        country="DE",
        phone="+49 30 5550123",
    )
