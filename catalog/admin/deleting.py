# mypy: disable-error-code="misc, no-any-return"
# mixed into ModelAdmins
"""What deleting means, said in the shop's words before anything is gone."""

from typing import Any

from django.contrib.admin.actions import delete_selected
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse


class SaysWhatIsDeleted:
    """For a ModelAdmin. deleting: what happens. instead: what to do where something else still needs a row."""

    delete_confirmation_template = "catalog/delete.html"
    delete_selected_confirmation_template = "catalog/delete.html"
    deleting = "Nothing brings it back."
    instead = ""
    delete_many = "Delete…"  # in the list of actions
    verb = "Delete"

    def _told(self) -> dict[str, str]:
        return {"deleting": self.deleting, "instead": self.instead, "verb": self.verb}

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        return super().delete_view(request, object_id, {**self._told(), **(extra_context or {})})

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions: dict[str, Any] = super().get_actions(request)
        if "delete_selected" in actions:
            actions["delete_selected"] = (_delete_selected, "delete_selected", self.delete_many)
        return actions


def _delete_selected(model_admin: Any, request: HttpRequest, queryset: Any) -> Any:
    """Django's own, which asks first."""
    answer = delete_selected(model_admin, request, queryset)
    if isinstance(answer, TemplateResponse):
        told = {**model_admin._told(), "rows": queryset}  # noqa: SLF001 (of this module)
        answer.context_data = {**(answer.context_data or {}), **told}
    return answer
