"""What a phone shows at the counter, the pictures of a rental, and claims for damage, over HTTP."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api import Input, MoneyOutput, parse, refuse_parameters
from core.idempotency import RequestInProgress, idempotent
from core.schema import refused
from orders import services
from orders.api import examples
from orders.errors import ClaimTooLate, NothingToShow, TransitionNotAllowed
from orders.models import CLAIMABLE, Claim, Order, RentalPhoto
from orders.pickup_codes import Purpose, as_svg, code_for
from orders.selectors import claim_answer, photo_answer
from orders.states import ClaimStatus

CLAIM_EVENTS = [(name, name) for name in ("accept", "object")]
CLAIM_KINDS = [(kind.value, kind.label) for kind in CLAIMABLE]
JPEG = "image/jpeg"
_NUMBER = "CT-7K3M-9QXP-2RTV"
_PHOTO = {
    "id": "0198f3a2-7c1e-7d00-b1f0-2f6f2f1f9a11",
    "rental": "0198f3a2-7c1e-7d00-b1f0-2f6f2f1f9a04",
    "moment": "handed_over",
    "taken_at": "2027-05-03T08:12:40Z",
    "href": f"https://shop.example.com/api/v1/orders/{_NUMBER}/photos/0198f3a2-7c1e-7d00-b1f0-2f6f2f1f9a11.jpg",
}
_CLAIM = {
    "id": "0198f3a2-7c1e-7d00-b1f0-2f6f2f1f9a12",
    "rental": "0198f3a2-7c1e-7d00-b1f0-2f6f2f1f9a04",
    "kind": "damage",
    "status": "open",
    "amount": {"amount": 1500, "currency": "EUR"},
    "reason": "The mesh at the door is torn.",
    "filed_at": "2027-05-09T15:02:11Z",
    "answer_by": "2027-05-16T15:02:11Z",
    "objection": "",
    "decision": "",
    "decided_at": None,
    "charged": None,
    "photos": [_PHOTO],
    "allowed_events": ["accept", "object"],
}
_ACCEPTED = {
    **_CLAIM,
    "status": "charged",
    "decided_at": "2027-05-10T07:00:00Z",
    "charged": {"amount": 1500, "currency": "EUR"},
    "allowed_events": [],
}
_OBJECTED = {**_CLAIM, "status": "objected", "objection": "It was torn before.", "allowed_events": ["accept"]}
_CODE = {
    "order": _NUMBER,
    "purpose": "pickup",
    "depot": "BER",
    "code": "CT1000198F3A27C1E7D00B1F02F6F2F1F9A016BDB9BE0C80D1F4B6A29E35788C1D0F24B6E9A13",
    "expires_at": "2027-05-05T22:00:00Z",
    "svg": '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 41 41">…</svg>',
}


class PickupCodeOutput(serializers.Serializer[Any]):
    """Keep it: it is shown at the counter without a network. It tells nothing about a person."""

    order = serializers.CharField()
    purpose = serializers.ChoiceField(choices=Purpose.choices)
    depot = serializers.CharField()
    code = serializers.CharField(help_text="What the QR code says, to be typed where none can be scanned.")
    expires_at = serializers.DateTimeField(help_text="Ask again before: the code of another day lasts longer.")
    svg = serializers.CharField(help_text="The QR code as an SVG document.")


class PhotoOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    rental = serializers.UUIDField()
    moment = serializers.ChoiceField(choices=RentalPhoto.Moment.choices)
    taken_at = serializers.DateTimeField()
    href = serializers.CharField(help_text="With one's access token, as any other address.")


class ClaimOutput(serializers.Serializer[Any]):
    """What the shop wants to be paid for a rental that came back damaged or dirty. Whoever is silent accepts."""

    id = serializers.UUIDField()
    rental = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=CLAIM_KINDS)
    status = serializers.ChoiceField(choices=ClaimStatus.choices)
    amount = MoneyOutput()
    reason = serializers.CharField()
    filed_at = serializers.DateTimeField()
    answer_by = serializers.DateTimeField(help_text="Object until then; nothing is charged before.")
    objection = serializers.CharField(allow_blank=True)
    decision = serializers.CharField(allow_blank=True, help_text="Why staff decided as they did.")
    decided_at = serializers.DateTimeField(allow_null=True)
    charged = MoneyOutput(allow_null=True, help_text="The deposit pays it first; null: nothing is charged.")
    photos = PhotoOutput(many=True, help_text="Before, after, and what is claimed.")
    allowed_events = serializers.ListField(child=serializers.ChoiceField(choices=CLAIM_EVENTS))


class AcceptInput(Input):
    """Nothing needs to be said."""


class ObjectInput(Input):
    text = serializers.CharField(max_length=2000, help_text="Why; staff read it.")


class JpegRenderer(BaseRenderer):
    """Lets a client ask for image/jpeg; what is refused is a JSON problem all the same."""

    media_type = JPEG
    format = "jpg"
    charset = None


def _order(request: Request, number: str) -> Order:
    return get_object_or_404(Order.objects.visible_to(request.user).with_lines(), number=number)


def _claims(request: Request, number: str) -> QuerySet[Claim]:
    """The claims of this customer's order."""
    mine = Order.objects.visible_to(request.user).filter(number=number)
    rows = Claim.objects.filter(order__in=mine).select_related("order", "rental")
    return rows.prefetch_related("photos", "rental__photos")


class PickupCodeView(APIView):
    @extend_schema(
        operation_id="getPickupCode",
        tags=["orders"],
        summary="A code to show at the counter, also without a network",
        description="Binds the order, its customer and a purpose. Without one it is for what comes next.",
        parameters=[OpenApiParameter("purpose", enum=Purpose.values)],
        responses={200: PickupCodeOutput, **refused(NothingToShow)},
        examples=[examples.answered(_CODE)],
    )
    def get(self, request: Request, number: str) -> Response:
        order = _order(request, number)
        refuse_parameters(request, "purpose")
        asked = request.query_params.get("purpose")
        code = code_for(order, Purpose(parse(_Asked, {"purpose": asked})["purpose"]) if asked is not None else None)
        told = {"order": order.number, "purpose": code.purpose, "depot": order.depot.code, "code": code.text}
        return Response({**told, "expires_at": code.expires_at, "svg": as_svg(code.text)})


class _Asked(Input):
    purpose = serializers.ChoiceField(choices=Purpose.choices)


class PhotosView(APIView):
    @extend_schema(
        operation_id="listPhotos",
        tags=["orders"],
        summary="Pictures of one's rentals: how they left, came back, and what is claimed",
        responses=PhotoOutput(many=True),
        examples=[examples.answered(_PHOTO)],
    )
    def get(self, request: Request, number: str) -> Response:
        order = get_object_or_404(Order.objects.visible_to(request.user), number=number)
        refuse_parameters(request)
        photos = RentalPhoto.objects.filter(rental__line__order=order)
        return Response([photo_answer(photo, order) for photo in photos])


class PhotoView(APIView):
    renderer_classes = (JpegRenderer, JSONRenderer)

    @extend_schema(
        operation_id="getPhoto",
        tags=["orders"],
        summary="One picture of a rental",
        responses={(200, JPEG): OpenApiResponse(OpenApiTypes.BINARY, "The same bytes, whenever it is asked for.")},
        examples=[
            OpenApiExample("a JPEG", value="…", media_type=JPEG, response_only=True, status_codes=["200"]),
        ],
    )
    def get(self, request: Request, number: str, photo_id: UUID) -> FileResponse:
        mine = Order.objects.visible_to(request.user).filter(number=number)
        photo = get_object_or_404(RentalPhoto, pk=photo_id, rental__line__order__in=mine)
        refuse_parameters(request)
        try:
            answer = FileResponse(photo.image.open(), content_type=JPEG)
        except FileNotFoundError as lost:
            raise Http404 from lost
        answer["Cache-Control"] = "private, no-cache"
        return answer


class ClaimsView(APIView):
    @extend_schema(
        operation_id="listClaims",
        tags=["orders"],
        summary="What the shop claims for damage, oldest first",
        responses=ClaimOutput(many=True),
        examples=[examples.answered(_CLAIM)],
    )
    def get(self, request: Request, number: str) -> Response:
        get_object_or_404(Order.objects.visible_to(request.user), number=number)
        refuse_parameters(request)
        return Response([claim_answer(claim) for claim in _claims(request, number)])


class AcceptClaimView(APIView):
    @extend_schema(
        operation_id="acceptClaim",
        tags=["orders"],
        summary="Agree to a claim, also after having objected",
        description="It is charged at once: the deposit pays first.",
        request=AcceptInput,
        responses={
            200: ClaimOutput,
            **refused(TransitionNotAllowed(event="accept", status="dropped", allowed=[]), RequestInProgress),
        },
        examples=[examples.asked({}), examples.answered(_ACCEPTED)],
    )
    @idempotent(atomic=True)
    def post(self, request: Request, number: str, claim_id: UUID) -> Response:
        claim = get_object_or_404(_claims(request, number), pk=claim_id)
        parse(AcceptInput, request.data)
        services.accept_claim(claim_id=claim.pk, actor=f"customer:{request.user.pk}")
        return Response(claim_answer(_claims(request, number).get(pk=claim_id)))


class ObjectToClaimView(APIView):
    @extend_schema(
        operation_id="objectToClaim",
        tags=["orders"],
        summary="Say why one does not agree to a claim; staff decide",
        request=ObjectInput,
        responses={
            200: ClaimOutput,
            **refused(
                TransitionNotAllowed(event="object", status="charged", allowed=[]),
                ClaimTooLate(until="2027-05-16T15:02:11Z"),
                RequestInProgress,
            ),
        },
        examples=[examples.asked({"text": "It was torn before."}), examples.answered(_OBJECTED)],
    )
    @idempotent(atomic=True)
    def post(self, request: Request, number: str, claim_id: UUID) -> Response:
        claim = get_object_or_404(_claims(request, number), pk=claim_id)
        body = parse(ObjectInput, request.data)
        services.object_to_claim(claim_id=claim.pk, text=body["text"], actor=f"customer:{request.user.pk}")
        return Response(claim_answer(_claims(request, number).get(pk=claim_id)))
