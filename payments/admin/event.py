# mypy: disable-error-code="misc, untyped-decorator"
# unfold carries no types
"""The inbox: what the gateway told us, and what was made of it."""

import json
from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from core.backoffice import Ask, Card, Page, ReadOnlyAdmin, moment, sent
from core.queue import enqueue
from payments.admin.looks import status_badge
from payments.models import ProviderEvent
from payments.secrets import without_secrets
from payments.states import EventStatus

REPLAY = "payments.replay_providerevent"
UNSETTLED = (EventStatus.RECEIVED, EventStatus.PARKED)


@admin.register(ProviderEvent)
class ProviderEventAdmin(ReadOnlyAdmin):
    list_display = ("kind_shown", "state", "about", "attempts", "problem", "received")
    list_filter = (("status", ChoicesDropdownFilter),)
    search_fields = ("event_id", "object_ref", "kind")
    search_help_text = "Event, what it is about, or its kind"
    actions = ("replay_selected",)
    actions_detail = ("replay",)

    @display(description="Event", ordering="kind")
    def kind_shown(self, row: ProviderEvent) -> str:
        return row.kind

    @display(description="Status", ordering="status")
    def state(self, row: ProviderEvent) -> SafeString:
        return status_badge(row)

    @display(description="About", ordering="object_ref")
    def about(self, row: ProviderEvent) -> SafeString:
        return format_html('<span class="mono">{}</span>', row.object_ref)

    @display(description="Problem")
    def problem(self, row: ProviderEvent) -> str:
        return row.error if len(row.error) <= 90 else f"{row.error[:89]}…"

    @display(description="Received", ordering="received_at")
    def received(self, row: ProviderEvent) -> str:
        return moment(row.received_at)

    def page(self, _request: HttpRequest, obj: ProviderEvent) -> Page:
        facts = [
            ("Event", format_html('<span class="mono">{}</span>', obj.event_id)),
            ("About", self.about(obj)),
            ("Received", moment(obj.received_at)),
            ("Processed", moment(obj.processed_at)),
            ("Attempts", obj.attempts),
        ]
        trouble = [Card("Problem", text=obj.error, tone="danger")] if obj.error else []
        return Page(
            headline=obj.kind,
            badges=[status_badge(obj)],
            subtitle="What the gateway said. It is only a hint: the thing itself is read again at the gateway.",
            figures=[],
            main=[*trouble, Card("Payload", code=_readable(obj.payload))],
            aside=[Card("Event", facts=facts)],
        )

    def has_replay_permission(self, request: HttpRequest, *_: Any) -> bool:
        return request.user.has_perm(REPLAY)

    def steps(self, _request: HttpRequest, obj: ProviderEvent) -> Iterator[str]:
        if obj.status in UNSETTLED:
            yield "replay"

    @action(
        description="Replay", icon="replay", permissions=["replay"], variant=ActionVariant.PRIMARY, url_path="replay"
    )
    def replay(self, request: HttpRequest, object_id: str) -> HttpResponse:
        event = self.row(request, object_id)

        def do(_: dict[str, Any]) -> str:
            return "It is looked at again now." if _replay(event) else "It is settled already; nothing was done."

        text = "What it is about is read again at the gateway and applied. That can be repeated without harm."
        ask = Ask(title=f"Replay {event.kind}?", text=text, submit="Replay")
        return self.take_step(request, event, step="replay", form=forms.Form(sent(request)), do=do, ask=ask)

    @admin.action(description="Replay the selected events", permissions=["replay"])
    def replay_selected(self, request: HttpRequest, queryset: QuerySet[ProviderEvent]) -> None:
        """Each is looked at again; what is settled stays as it is."""
        events = list(queryset)
        replayed = [event for event in events if _replay(event)]
        for event in replayed:
            self.log_change(request, event, "Replayed.")
        messages.success(request, f"Looked at again now: {len(replayed)}.")
        if settled := len(events) - len(replayed):
            messages.warning(request, f"Settled already, and left as they are: {settled}.")


def _readable(payload: Any) -> str:
    return json.dumps(without_secrets(payload), indent=2, ensure_ascii=False)


def _replay(event: ProviderEvent) -> bool:
    """Ask for an event to be looked at again. False when it is settled."""
    if event.status not in UNSETTLED:
        return False
    lock = f"gateway:{event.object_ref or event.event_id}"  # as when it arrived
    enqueue("payments.process_event", lock=lock, once=f"event:{event.pk}", event_id=event.pk)
    return True
