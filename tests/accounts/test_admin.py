import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from accounts.models import Cat, User
from accounts.services import log_in, log_out_everywhere
from tests.concurrency.racing import meanwhile
from tests.factories.accounts import PASSWORD, AddressFactory, CatFactory, UserFactory

pytestmark = pytest.mark.django_db

USERS, NEW_USER = "admin:accounts_user_changelist", "admin:accounts_user_add"
NEW_PASSWORD = "a longer walk home"


def desk_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def boss() -> Client:
    return desk_of(UserFactory(superuser=True, email="boss@example.com"))


def clerk(*permissions: str) -> Client:
    user = UserFactory(staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions, content_type__app_label="accounts"))
    return desk_of(user)


def page(name: str, user: User) -> str:
    return reverse(f"admin:{name}", args=[user.pk])


def form_of(user: User, **changes: str) -> dict[str, str]:
    """What a browser sends back from the change form."""
    counts = ("cats", "addresses", "devices", "token_families")
    management = {f"{name}-{what}": "0" for name in counts for what in ("TOTAL_FORMS", "INITIAL_FORMS")}
    return {**management, "email": user.email, "name": user.name, "is_active": "on", **changes}


def test_the_admin_is_closed_to_customers_and_strangers():
    for desk in (Client(), desk_of(UserFactory())):
        response = desk.get(reverse(USERS))

        assert response.status_code == 302
        assert response["Location"].startswith(reverse("admin:login"))


def test_staff_logs_in_with_an_e_mail_address():
    UserFactory(superuser=True, email="boss@example.com")
    desk = Client()

    desk.post(reverse("admin:login"), {"username": "BOSS@example.com", "password": PASSWORD})

    assert desk.get(reverse(USERS)).status_code == 200


def test_a_customer_is_found_by_e_mail_and_by_being_active(boss):
    UserFactory(email="mia@example.com")
    UserFactory(email="kim@example.com", closed=True)

    found = boss.get(reverse(USERS), {"q": "MIA@"}).content.decode()
    active = boss.get(reverse(USERS), {"is_active__exact": "0"}).content.decode()

    assert ("mia@example.com" in found, "kim@example.com" in found) == (True, False)
    assert ("mia@example.com" in active, "kim@example.com" in active) == (False, True)


def test_a_customers_cats_addresses_and_sessions_are_shown_but_cannot_be_changed(boss):
    user = UserFactory()
    cat, _ = CatFactory(owner=user, name="Minka"), AddressFactory(owner=user, line1="Lindenweg 7")
    log_in(email=user.email, password=PASSWORD, device_name="Mia's phone")
    url = page("accounts_user_change", user)

    shown = boss.get(url).content.decode()
    sent = form_of(user, **{"cats-TOTAL_FORMS": "1", "cats-0-id": str(cat.pk), "cats-0-name": "Changed"})
    boss.post(url, sent)

    for text in ("Minka", "Lindenweg 7", "Mia&#x27;s phone"):
        assert text in shown
    assert Cat.objects.get().name == "Minka"


@pytest.mark.parametrize("who", ["boss", "viewer", "editor"])
def test_nobody_sees_a_password_hash_or_a_refresh_token(who, boss):
    user = UserFactory()
    log_in(email=user.email, password=PASSWORD)
    desks = {
        "boss": lambda: boss,
        "viewer": lambda: clerk("view_user", "view_tokenfamily"),
        "editor": lambda: clerk("view_user", "change_user", "view_tokenfamily"),
    }

    shown = desks[who]().get(page("accounts_user_change", user))

    assert shown.status_code == 200
    secret = user.password.split("$")[-1]
    assert secret not in shown.content.decode()
    assert user.token_families.get().tokens.get().token_hash not in shown.content.decode()


def test_a_password_hash_cannot_be_set_or_searched(boss):
    user = UserFactory()
    before = user.password

    boss.post(page("accounts_user_change", user), form_of(user, password="md5$salt$hash"))

    assert User.objects.get(pk=user.pk).password == before
    assert boss.get(reverse(USERS), {"password__startswith": "md5"}).status_code == 400


def test_a_superuser_opens_an_account(boss):
    fields = {"usable_password": "true", "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}

    response = boss.post(reverse(NEW_USER), {"email": "New@Example.com", "name": "New", **fields})

    user = User.objects.get(email="New@example.com")
    assert response.status_code == 302
    assert user.check_password(NEW_PASSWORD)
    assert not user.is_staff


def test_an_address_that_is_taken_is_said_beside_its_field(boss):
    UserFactory(email="mia@example.com")
    other = UserFactory()
    fields = {"usable_password": "true", "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}

    added = boss.post(reverse(NEW_USER), {"email": "MIA@example.com", "name": "", **fields})
    changed = boss.post(page("accounts_user_change", other), form_of(other, email="MIA@example.com"))

    for answer in (added, changed):
        form = answer.context["adminform"].form
        assert form.errors["email"] == ["There is an account with this e-mail address already."]


@pytest.mark.django_db(transaction=True)
def test_an_address_that_is_taken_in_the_same_moment_is_said_too():
    desk = desk_of(UserFactory(superuser=True))
    fields = {"usable_password": "true", "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}

    def registering():
        User.objects.create_user("mia@example.com", PASSWORD)

    def adding():
        return desk.post(reverse(NEW_USER), {"email": "MIA@example.com", "name": "", **fields}, follow=True)

    _, answer = meanwhile(registering, adding)

    assert "There is an account with this e-mail address already." in answer.content.decode()
    assert User.objects.filter(email__iexact="mia@example.com").count() == 1


def test_the_own_address_may_be_kept(boss):
    user = UserFactory(email="mia@example.com")

    response = boss.post(page("accounts_user_change", user), form_of(user, email="Mia@example.com", name="Mia"))

    assert response.status_code == 302
    assert User.objects.get(pk=user.pk).email == "Mia@example.com"


def test_a_weak_password_is_refused_for_staff_as_well(boss):
    fields = {"usable_password": "true", "password1": "12345678", "password2": "12345678"}

    boss.post(reverse(NEW_USER), {"email": "new@example.com", "name": "", **fields})

    assert not User.objects.filter(email="new@example.com").exists()


def test_a_new_password_ends_every_session(boss):
    user = UserFactory()
    log_in(email=user.email, password=PASSWORD)
    url = page("auth_user_password_change", user)

    assert boss.get(url).status_code == 200
    boss.post(url, {"usable_password": "true", "password1": NEW_PASSWORD, "password2": NEW_PASSWORD})

    user.refresh_from_db()
    assert user.check_password(NEW_PASSWORD)
    assert (user.token_version, user.token_families.filter(revoked_at=None).count()) == (1, 0)


def test_ones_own_new_password_ends_the_sessions_of_ones_phones_and_other_desks_but_not_this_one():
    user = UserFactory(superuser=True)
    log_in(email=user.email, password=PASSWORD)
    here, elsewhere = desk_of(user), desk_of(user)

    sent = {"old_password": PASSWORD, "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    answer = here.post(reverse("admin:password_change"), sent)

    user.refresh_from_db()
    assert answer.status_code == 302
    assert user.check_password(NEW_PASSWORD)
    assert (user.token_version, user.token_families.filter(revoked_at=None).count()) == (1, 0)
    assert [desk.get(reverse(USERS)).status_code for desk in (here, elsewhere)] == [200, 302]


def test_a_superuser_who_gives_himself_a_new_password_stays_where_he_is():
    user = UserFactory(superuser=True)
    desk, sent = desk_of(user), {"usable_password": "true", "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}

    desk.post(page("auth_user_password_change", user), sent)

    assert desk.get(reverse(USERS)).status_code == 200


def test_the_page_of_ones_own_password_is_only_for_staff():
    assert desk_of(UserFactory()).get(reverse("admin:password_change")).status_code == 302
    assert desk_of(UserFactory(staff=True)).get(reverse("admin:password_change")).status_code == 200


def test_logging_out_everywhere_ends_the_sessions_of_desks_too():
    user = UserFactory(superuser=True)
    desk = desk_of(user)

    log_out_everywhere(user_id=user.pk)

    assert desk.get(reverse(USERS)).status_code == 302


def test_a_session_outlives_the_rotation_of_the_secret_key_but_then_not_the_end_of_every_session(settings):
    user = UserFactory(superuser=True)
    desk = desk_of(user)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new" * 20, [settings.SECRET_KEY]
    rotated = desk.get(reverse(USERS)).status_code

    log_out_everywhere(user_id=user.pk)

    assert (rotated, desk.get(reverse(USERS)).status_code) == (200, 302)


def test_closing_an_account_ends_every_session_and_renaming_does_not(boss):
    user = UserFactory()
    log_in(email=user.email, password=PASSWORD)
    url = page("accounts_user_change", user)

    boss.post(url, form_of(user, name="Mia"))
    renamed = User.objects.get(pk=user.pk)
    boss.post(url, {k: v for k, v in form_of(renamed).items() if k != "is_active"})

    closed = User.objects.get(pk=user.pk)
    assert (renamed.name, renamed.token_version) == ("Mia", 0)
    assert (closed.is_active, closed.token_version) == (False, 1)
    assert not closed.token_families.filter(revoked_at=None).exists()


def test_staff_logs_customers_out_everywhere_but_only_a_superuser_does_so_with_staff(boss):
    customer, colleague = UserFactory(), UserFactory(staff=True)
    chosen = {"action": "log_out_selected", "_selected_action": [customer.pk, colleague.pk]}

    clerk("view_user", "change_user").post(reverse(USERS), chosen)
    after_clerk = dict(User.objects.values_list("email", "token_version"))
    boss.post(reverse(USERS), chosen)
    after_boss = dict(User.objects.values_list("email", "token_version"))

    assert (after_clerk[customer.email], after_clerk[colleague.email]) == (1, 0)
    assert (after_boss[customer.email], after_boss[colleague.email]) == (2, 1)


def test_who_may_only_look_cannot_log_anybody_out():
    customer = UserFactory()

    clerk("view_user").post(reverse(USERS), {"action": "log_out_selected", "_selected_action": [customer.pk]})

    assert User.objects.get(pk=customer.pk).token_version == 0


def test_a_clerk_changes_customers_but_gives_no_rights():
    user = UserFactory()
    rights = {"is_staff": "on", "is_superuser": "on", "groups": str(Group.objects.create(name="any").pk)}

    clerk("view_user", "change_user").post(page("accounts_user_change", user), form_of(user, name="Mia", **rights))

    user.refresh_from_db()
    assert (user.name, user.is_staff, user.is_superuser, user.groups.count()) == ("Mia", False, False, 0)


def test_a_clerk_cannot_touch_an_account_that_has_rights():
    desk, chief = clerk("view_user", "change_user"), UserFactory(superuser=True)

    changed = desk.post(page("accounts_user_change", chief), form_of(chief, name="Mine"))
    password = desk.post(
        page("auth_user_password_change", chief), {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    )

    chief.refresh_from_db()
    assert (changed.status_code, password.status_code) == (403, 403)
    assert chief.name != "Mine"
    assert chief.check_password(PASSWORD)


def test_a_clerk_opens_no_accounts_and_changes_no_groups():
    desk = clerk("view_user", "add_user", "change_user", "delete_user")
    group = Group.objects.create(name="refunds")

    assert desk.get(reverse(NEW_USER)).status_code == 403
    assert desk.post(reverse("admin:auth_group_change", args=[group.pk]), {"name": "mine"}).status_code == 403


def test_nobody_deletes_an_account_here(boss):
    user = UserFactory()

    assert boss.post(page("accounts_user_delete", user), {"post": "yes"}).status_code == 403


def test_a_superuser_gives_rights_through_groups(boss):
    group, user = Group.objects.create(name="refunds"), UserFactory()

    assert boss.get(reverse("admin:auth_group_changelist")).status_code == 200
    assert boss.get(reverse("admin:auth_group_change", args=[group.pk])).status_code == 200
    boss.post(page("accounts_user_change", user), form_of(user, is_staff="on", groups=str(group.pk)))

    user.refresh_from_db()
    assert (user.is_staff, list(user.groups.all())) == (True, [group])


# Closing an account


def closing(desk, *users, **more):
    return desk.post(
        reverse(USERS), {"action": "close_selected", "_selected_action": [str(user.pk) for user in users], **more}
    )


def test_staff_are_asked_before_an_account_is_closed_for_good(boss):
    user = UserFactory(email="mia@example.com", name="Mia Katz")

    asked = closing(boss, user).content.decode()

    for text in ("Close this account?", "cannot be had back", "Mia Katz", "mia@example.com"):
        assert text in asked
    user.refresh_from_db()
    assert user.email == "mia@example.com"


def test_each_account_is_closed_on_its_own_and_each_refusal_is_said(boss):
    mia, colleague = UserFactory(name="Mia Katz"), UserFactory(name="Kim", is_staff=True)

    closing(boss, mia, colleague, sure="1")

    shown = boss.get(reverse(USERS)).content.decode()
    assert "The account is closed; nothing tells any more whose it was." in shown
    assert "Kim: The account of a member of staff cannot be closed" in shown
    mia.refresh_from_db()
    colleague.refresh_from_db()
    assert (str(mia), colleague.is_active) == ("Closed account", True)


def test_who_may_only_look_closes_no_account(db):
    user = UserFactory(email="mia@example.com")

    closing(clerk("view_user"), user, sure="1")

    user.refresh_from_db()
    assert user.closed_at is None
