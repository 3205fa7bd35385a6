"""Closing a customer's account, in a browser."""

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from tests.browser.conftest import Snap, fits, log_in
from tests.factories.accounts import UserFactory
from tests.orders.desk import address

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_staff_close_the_account_of_who_asked_by_letter(page: Page, snap: Snap) -> None:
    boss = UserFactory(superuser=True, email="anna.berger@example.com", name="Anna Berger")
    mia = UserFactory(email="mia.katz@example.com", name="Mia Katz")
    log_in(page, boss)

    page.goto(address("accounts_user_changelist"))
    page.locator(f"input[name=_selected_action][value='{mia.pk}']").check()
    page.locator("select[name=action]").select_option("close_selected")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_text("cannot be had back")).to_be_visible()
    assert fits(page)
    snap("account-close")
    page.get_by_role("button", name="Close and forget").click()

    expect(page.get_by_text("nothing tells any more whose it was")).to_be_visible()
    snap("account-closed")
    assert str(User.objects.get(pk=mia.pk)) == "Closed account"
    page.goto(address("accounts_user_change", mia))
    snap("account-closed-page")
