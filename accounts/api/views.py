"""The doors to an account: sessions, the profile, cats, addresses and phones."""

from typing import Any, cast
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import cache_control
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import services, tokens
from accounts.api import examples
from accounts.api.authentication import CHALLENGE
from accounts.api.serializers import (
    AccountInUseOutput,
    AddressInput,
    AddressOutput,
    CatInput,
    CatOutput,
    DeviceInput,
    DeviceOutput,
    LogInInput,
    MeInput,
    MeOutput,
    RefreshTokenInput,
    RegisterInput,
    SessionOutput,
)
from accounts.api.throttling import PerClient, PerEmail
from accounts.errors import AccountInUse, StaffAccount
from accounts.models import Address, Cat, Device, OwnedQuerySet, User
from accounts.privacy import close_account, export_account
from core.api import parse, validated
from core.idempotency import IdempotencyKeyInvalid, idempotent
from core.problems import read_only
from core.schema import refused

_LONGEST_KEY = 255  # as everywhere: core.idempotency
_REQUEST_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description=(
        "Optional. A phone that may have to repeat this exchange sends a fresh UUID: for one minute the same token "
        "with the same key is answered with the same next token. Without it a repeat ends the session."
    ),
)


@read_only
@cache_control(public=True, max_age=600)
def jwks(_: HttpRequest) -> HttpResponse:
    """The public keys of our access tokens."""
    return JsonResponse(tokens.jwks())


class SessionView(APIView):
    """Public, and never kept by a cache."""

    authentication_classes = ()
    permission_classes = ()

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        final = super().finalize_response(request, response, *args, **kwargs)
        final["Cache-Control"] = "no-store"
        if final.status_code == status.HTTP_401_UNAUTHORIZED:
            final["WWW-Authenticate"] = CHALLENGE
        return final


class PasswordView(SessionView):
    """A password could be guessed here, so tries are counted. Refresh tokens cannot be: they are 256 random bits."""

    throttle_classes = (PerClient, PerEmail)
    throttle_scope = "credentials"

    def check_throttles(self, request: Request) -> None:
        """Stops at the first refusal: what one client is refused does not count against the e-mail's owner."""
        for throttle in self.get_throttles():
            if not throttle.allow_request(request, self):
                self.throttled(request, throttle.wait() or 0)


class RegisterView(PasswordView):
    @extend_schema(
        operation_id="registerCustomer",
        tags=["sessions"],
        summary="Register a customer and log in",
        description="The password is checked against the usual weaknesses; what is wrong is said on `#/password`.",
        request=RegisterInput,
        responses={201: SessionOutput, **examples.EMAIL_TAKEN},
        examples=examples.REGISTER,
    )
    def post(self, request: Request) -> Response:
        session = services.register_customer(**parse(RegisterInput, request.data))
        return Response(SessionOutput(session).data, status=status.HTTP_201_CREATED)


class LogInView(PasswordView):
    @extend_schema(
        operation_id="logIn",
        tags=["sessions"],
        summary="Log in with e-mail and password",
        description="Opens a session for this phone: a family of refresh tokens that ends as a whole.",
        request=LogInInput,
        responses={200: SessionOutput, **examples.WRONG_CREDENTIALS},
        examples=examples.LOG_IN,
    )
    def post(self, request: Request) -> Response:
        session = services.log_in(**parse(LogInInput, request.data))
        return Response(SessionOutput(session).data)


class RefreshView(SessionView):
    @extend_schema(
        operation_id="refreshSession",
        tags=["sessions"],
        summary="Exchange the refresh token for new tokens",
        description="Each refresh token is exchanged once; using it a second time ends the session on every copy.",
        parameters=[_REQUEST_KEY],
        request=RefreshTokenInput,
        responses={200: SessionOutput, **examples.SESSION_OVER},
        examples=examples.REFRESH,
    )
    def post(self, request: Request) -> Response:
        request_key = request.headers.get("Idempotency-Key", "")
        if len(request_key) > _LONGEST_KEY:
            raise IdempotencyKeyInvalid
        session = services.refresh_session(**parse(RefreshTokenInput, request.data), request_key=request_key)
        return Response(SessionOutput(session).data)


class LogOutView(SessionView):
    @extend_schema(
        operation_id="logOut",
        tags=["sessions"],
        summary="End the session of this phone",
        description="Safe to repeat; a token that nobody knows is answered alike.",
        request=RefreshTokenInput,
        responses={204: None},
        examples=examples.LOG_OUT,
    )
    def post(self, request: Request) -> Response:
        services.log_out(**parse(RefreshTokenInput, request.data))
        return Response(status=status.HTTP_204_NO_CONTENT)


class MeView(APIView):
    @extend_schema(operation_id="getMe", tags=["profile"], summary="Who I am", responses=MeOutput, examples=examples.ME)
    def get(self, request: Request) -> Response:
        return Response(MeOutput(_living(request)).data)

    @extend_schema(
        operation_id="updateMe",
        tags=["profile"],
        summary="Change my name",
        request=MeInput,
        responses=MeOutput,
        examples=examples.UPDATE_ME,
    )
    def patch(self, request: Request) -> Response:
        customer, changes = _customer(request), _changes(MeInput, request)
        user = services.update_profile(user_id=customer.pk, **changes) if changes else customer
        return Response(MeOutput(user).data)

    @extend_schema(
        operation_id="closeAccount",
        tags=["profile"],
        summary="Close my account and forget me",
        description="Name, addresses, cats, sessions and the kept card are forgotten for good; receipts stay, as the"
        " law asks. Orders that have not begun are cancelled as /orders/{number}/cancel would: look at /cancellation"
        " first. Refused with `reasons` while a carrier is out or money is owed. Money on its way back arrives all the"
        " same.",
        responses={204: None, **refused(AccountInUse, StaffAccount, shape=AccountInUseOutput)},
    )
    def delete(self, request: Request) -> Response:
        close_account(user_id=_customer(request).pk)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ExportView(APIView):
    @extend_schema(
        operation_id="exportMe",
        tags=["profile"],
        summary="All that the shop knows of me",
        description="Profile, cats, addresses, sessions, orders with their history, and statements.",
        responses={200: OpenApiTypes.OBJECT},
        examples=examples.EXPORT,
    )
    def get(self, request: Request) -> Response:
        told = export_account(_living(request))
        return Response(told, headers={"Content-Disposition": 'attachment; filename="cat-travel.json"'})


class OwnedViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Any]):
    """A customer's own rows, newest first. Other people's do not exist here."""

    queryset: OwnedQuerySet

    def get_queryset(self) -> OwnedQuerySet:
        return self.queryset.visible_to(self.request.user)


class CatViewSet(OwnedViewSet):
    queryset = Cat.objects.all()
    serializer_class = CatOutput
    lookup_url_kwarg = "cat_id"

    @extend_schema(operation_id="listCats", tags=["cats"], summary="My cats", examples=examples.CATS)
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().list(request, *args, **kwargs)

    @extend_schema(operation_id="getCat", tags=["cats"], summary="One of my cats", examples=examples.CAT)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().retrieve(request, *args, **kwargs)

    @extend_schema(
        operation_id="createCat",
        tags=["cats"],
        summary="Add a cat",
        description="Measures are of the cat standing naturally; they decide what it fits into.",
        request=CatInput,
        responses={201: CatOutput},
        examples=examples.CREATE_CAT,
    )
    @idempotent(atomic=True)
    def create(self, request: Request) -> Response:
        cat = services.add_cat(owner=_customer(request), **parse(CatInput, request.data))
        return Response(CatOutput(cat).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="updateCat",
        tags=["cats"],
        summary="Change a cat",
        description="Fields that are left out stay as they are.",
        request=CatInput,
        responses=CatOutput,
        examples=examples.UPDATE_CAT,
    )
    def partial_update(self, request: Request, cat_id: UUID) -> Response:
        cat = services.change_cat(owner=_customer(request), cat_id=cat_id, **_changes(CatInput, request))
        return Response(CatOutput(cat).data)

    @extend_schema(
        operation_id="deleteCat",
        tags=["cats"],
        summary="Forget a cat",
        description="Its measures are deleted.",
        responses={204: None},
    )
    def destroy(self, request: Request, cat_id: UUID) -> Response:
        services.remove_cat(owner=_customer(request), cat_id=cat_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class AddressViewSet(OwnedViewSet):
    queryset = Address.objects.all()
    serializer_class = AddressOutput
    lookup_url_kwarg = "address_id"

    @extend_schema(
        operation_id="listAddresses", tags=["addresses"], summary="My addresses", examples=examples.ADDRESSES
    )
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().list(request, *args, **kwargs)

    @extend_schema(
        operation_id="getAddress", tags=["addresses"], summary="One of my addresses", examples=examples.ADDRESS
    )
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().retrieve(request, *args, **kwargs)

    @extend_schema(
        operation_id="createAddress",
        tags=["addresses"],
        summary="Add an address",
        description="A place to deliver to.",
        request=AddressInput,
        responses={201: AddressOutput},
        examples=examples.CREATE_ADDRESS,
    )
    @idempotent(atomic=True)
    def create(self, request: Request) -> Response:
        address = services.add_address(owner=_customer(request), **parse(AddressInput, request.data))
        return Response(AddressOutput(address).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="updateAddress",
        tags=["addresses"],
        summary="Change an address",
        description="Fields that are left out stay as they are; orders keep the address as it was.",
        request=AddressInput,
        responses=AddressOutput,
        examples=examples.UPDATE_ADDRESS,
    )
    def partial_update(self, request: Request, address_id: UUID) -> Response:
        changes = _changes(AddressInput, request)
        address = services.change_address(owner=_customer(request), address_id=address_id, **changes)
        return Response(AddressOutput(address).data)

    @extend_schema(
        operation_id="deleteAddress",
        tags=["addresses"],
        summary="Forget an address",
        description="Orders keep the address as it was.",
        responses={204: None},
    )
    def destroy(self, request: Request, address_id: UUID) -> Response:
        services.remove_address(owner=_customer(request), address_id=address_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class DeviceViewSet(OwnedViewSet):
    queryset = Device.objects.all()
    serializer_class = DeviceOutput
    lookup_url_kwarg = "device_id"

    @extend_schema(operation_id="listDevices", tags=["devices"], summary="My phones", examples=examples.DEVICES)
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().list(request, *args, **kwargs)

    @extend_schema(
        operation_id="createDevice",
        tags=["devices"],
        summary="Have this phone told what I should know",
        description="Send it at every start of the app: a token that is sent again is the same phone, seen again. "
        "Delete it before logging out.",
        request=DeviceInput,
        responses={201: DeviceOutput},
        examples=examples.CREATE_DEVICE,
    )
    @idempotent(atomic=True)
    def create(self, request: Request) -> Response:
        device = services.add_device(owner=_customer(request), **parse(DeviceInput, request.data))
        return Response(DeviceOutput(device).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="deleteDevice",
        tags=["devices"],
        summary="Tell this phone nothing any more",
        responses={204: None},
    )
    def destroy(self, request: Request, device_id: UUID) -> Response:
        services.remove_device(owner=_customer(request), device_id=device_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


def _customer(request: Request) -> User:
    """Who is asking. For a write this is the account, loaded and checked; for a read only its id is known."""
    return cast("User", request.user)


def _living(request: Request) -> User:
    """The account, for a read that believes no token of one that was closed meanwhile. Raises: AuthenticationFailed."""
    user = User.objects.filter(pk=_customer(request).pk, is_active=True).first()
    if user is None:
        raise AuthenticationFailed("The account is closed.")
    return user


def _changes(serializer: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """The fields that a PATCH names, validated; the others stay as they are."""
    return validated(serializer(data=request.data, partial=True))
