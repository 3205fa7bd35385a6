"""Customers and staff. Accounts are opened by their owners or a superuser, and never deleted from here."""

from functools import partial
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.contrib.auth.views import PasswordChangeView
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from unfold.admin import ModelAdmin, StackedInline, TabularInline
from unfold.forms import AdminOwnPasswordChangeForm, AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from accounts.models import Address, Cat, Device, TokenFamily, User, is_email_taken
from accounts.privacy import close_account
from accounts.services import log_out_everywhere
from core.backoffice import Ask, AsksFirst, NewestFirst, actor_of, attempt

RIGHTS = ("is_staff", "is_superuser", "groups", "user_permissions")

admin.site.unregister(Group)


EMAIL_TAKEN = "There is an account with this e-mail address already."


class UniqueEmailMixin:
    """E-mail addresses are compared without case, and a clash is said beside the field."""

    instance: User
    cleaned_data: dict[str, Any]

    def clean_email(self) -> str:
        email = User.objects.normalize_email(self.cleaned_data["email"]).strip()
        if User.objects.having_email(email).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(EMAIL_TAKEN)
        return email


class NewUserForm(UniqueEmailMixin, UserCreationForm):  # type: ignore[misc]  # unfold is untyped
    class Meta:
        model = User
        fields = ("email", "name")


class ChangeUserForm(UniqueEmailMixin, UserChangeForm):  # type: ignore[misc]
    class Meta:
        model = User
        fields = "__all__"
        field_classes: ClassVar[dict[str, Any]] = {}


class EndsSessionsMixin:
    """A new password ends every session that the old one opened, on phones and at desks; this one goes on."""

    @transaction.atomic
    def save(self, commit: bool = True) -> User:  # noqa: FBT001, FBT002 (Django's signature)
        user: User = super().save(commit)  # type: ignore[misc]
        log_out_everywhere(user_id=user.pk)
        user.refresh_from_db(fields=["token_version"])  # of which the session's own hash is made
        return user


class PasswordForm(EndsSessionsMixin, AdminPasswordChangeForm):  # type: ignore[misc]
    pass


class OwnPasswordForm(EndsSessionsMixin, AdminOwnPasswordChangeForm):  # type: ignore[misc]
    pass


def change_own_password(request: HttpRequest) -> HttpResponseBase:
    """The site's own page, with our form."""
    view = PasswordChangeView.as_view(
        form_class=OwnPasswordForm,
        success_url=reverse("admin:password_change_done"),
        template_name="registration/password_change_form.html",
        extra_context=admin.site.each_context(request),
    )
    return admin.site.admin_view(view)(request)


class ReadOnlyInline:
    """Shown for help at the counter; customers change it in the app."""

    extra = 0
    can_delete = False
    show_change_link = False

    def has_add_permission(self, *_: Any) -> bool:
        return False

    def has_change_permission(self, *_: Any) -> bool:
        return False

    def has_delete_permission(self, *_: Any) -> bool:
        return False


class CatInline(ReadOnlyInline, TabularInline):  # type: ignore[misc]
    model = Cat
    fields = (
        "name",
        "length_mm",
        "elbow_height_mm",
        "width_mm",
        "height_mm",
        "weight_g",
        "snub_nosed",
        "born_on",
    )


class AddressInline(ReadOnlyInline, StackedInline):  # type: ignore[misc]
    model = Address
    fields = ("recipient", "line1", "line2", ("postal_code", "city", "country"), "phone")


class DeviceInline(ReadOnlyInline, TabularInline):  # type: ignore[misc]
    """Which phones are told; the token stays between them and the push service."""

    model = Device
    verbose_name_plural = "phones that are told"
    fields = readonly_fields = ("name", "platform", "created_at", "seen_at")


class TokenFamilyInline(ReadOnlyInline, TabularInline):  # type: ignore[misc]
    model = TokenFamily
    verbose_name_plural = "sessions"
    fields = readonly_fields = ("device_name", "created_at", "revoked_at")
    ordering = ("-created_at",)
    per_page = 10


@admin.register(User)
class UserAdmin(AsksFirst, NewestFirst, DjangoUserAdmin, ModelAdmin):  # type: ignore[misc]
    """Only a superuser opens accounts, gives rights, or touches an account that has rights."""

    form = ChangeUserForm
    add_form = NewUserForm
    change_password_form = PasswordForm
    inlines = (CatInline, AddressInline, DeviceInline, TokenFamilyInline)
    actions = ("log_out_selected", "close_selected")
    ordering = ("email",)
    list_display = ("email", "name", "is_active", "is_staff", "date_joined", "last_login")
    list_filter = ("is_active", "is_staff", "groups")
    list_filter_submit = True
    search_fields = ("email", "name")
    search_help_text = "E-mail address or name"
    show_full_result_count = False
    readonly_fields = ("token_version", "date_joined", "last_login", "closed_at")
    fieldsets = (
        (None, {"fields": ("email", "name", "is_active", "password")}),
        ("Rights", {"fields": RIGHTS, "classes": ("tab",)}),
        ("History", {"fields": ("date_joined", "last_login", "closed_at", "token_version"), "classes": ("tab",)}),
    )
    add_fieldsets = (
        (None, {"classes": ("wide",), "fields": ("email", "name", "usable_password", "password1", "password2")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        fixed = tuple(super().get_readonly_fields(request, obj))
        return fixed if request.user.is_superuser else (*fixed, *RIGHTS)

    def get_inlines(self, _: HttpRequest, obj: User | None = None) -> Any:
        return self.inlines if obj is not None else ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed = super().has_change_permission(request, obj)
        if obj is not None and obj.closed_at:
            return False  # there is nobody any more whose account it could be
        return allowed and (request.user.is_superuser or not _has_rights(obj))

    def has_delete_permission(self, *_: Any) -> bool:
        return False

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Whoever was a moment faster with an address is told about as if he had been there before."""
        try:
            response: HttpResponse = super().changeform_view(request, *args, **kwargs)
        except IntegrityError as error:
            if not is_email_taken(error):
                raise
            messages.error(request, EMAIL_TAKEN)
            return redirect(request.path)
        return response

    @transaction.atomic
    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:  # noqa: FBT001
        super().save_model(request, obj, form, change)
        if change and "is_active" in form.changed_data and not obj.is_active:
            log_out_everywhere(user_id=obj.pk)

    @admin.action(description="Log out everywhere", permissions=["change"])
    def log_out_selected(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        allowed = [user for user in queryset if self.has_change_permission(request, user)]
        for user in allowed:
            log_out_everywhere(user_id=user.pk)
            self.log_change(request, user, "Logged out everywhere.")
        self.message_user(request, f"Logged out everywhere: {len(allowed)}.", messages.SUCCESS)
        if refused := queryset.count() - len(allowed):
            self.message_user(request, f"Only a superuser may do that to staff: {refused} left.", messages.WARNING)

    @admin.action(description="Close the account and forget its customer…", permissions=["change"])
    def close_selected(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse:
        """For who asks by letter. Asks once; then each account is closed on its own, and each refusal is said."""
        users = list(queryset)
        if "sure" in request.POST:
            for user in users:
                done, refused = attempt(partial(self._close, request, user))
                self.message_user(request, done or f"{user}: {refused}", messages.SUCCESS if done else messages.ERROR)
            return redirect(request.get_full_path())
        chosen = [("action", "close_selected"), ("sure", "1"), *((ACTION_CHECKBOX_NAME, str(u.pk)) for u in users)]
        ask = Ask(
            title=f"Close {'this account' if len(users) == 1 else f'these {len(users)} accounts'}?",
            text="Name, addresses, cats and the kept card are forgotten, and cannot be had back. Orders that have not"
            " begun are cancelled by their policy. Receipts and amounts stay.",
            submit="Close and forget",
            danger=True,
            facts=[(str(user), user.email) for user in users],
            facts_title="Accounts",
            context={"hidden": chosen},
        )
        return self.ask(request, form=forms.Form(), ask=ask, context={"back": request.get_full_path()})

    def _close(self, request: HttpRequest, user: User) -> str:
        close_account(user_id=user.pk, actor=actor_of(request))
        user.refresh_from_db()
        self.log_change(request, user, "Closed, as its customer asked.")
        return "The account is closed; nothing tells any more whose it was."


@admin.register(Group)
class GroupAdmin(NewestFirst, DjangoGroupAdmin, ModelAdmin):  # type: ignore[misc]
    """What a group may do is decided by superusers."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, *_: Any) -> bool:
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, *_: Any) -> bool:
        return bool(request.user.is_superuser)


def _has_rights(user: User | None) -> bool:
    return user is not None and (user.is_staff or user.is_superuser)
