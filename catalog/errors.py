"""Why the catalog says no."""

from core.errors import DomainError


class ChecklistUnknown(DomainError):
    code = "checklist_unknown"
    title = "The checklist has no such item."
    status = 400
