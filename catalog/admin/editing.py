"""Forms of the catalog that are saved only on top of what they showed."""

from django.http import HttpRequest

from catalog.models import Variant
from catalog.version import hold_catalog
from core.editing import EditedByMany


class EditedInCatalog(EditedByMany):
    """Everything that belongs to the catalog waits for its version, so nothing of a page moves while it is compared."""

    def hold(self, request: HttpRequest, object_id: str) -> None:  # noqa: ARG002 (an offer looks into it)
        hold_catalog()


class EditedUnderVariant(EditedInCatalog):
    """Locks: the variants that a form is about, then the catalog's version."""

    def hold(self, request: HttpRequest, object_id: str) -> None:
        rows = Variant.objects.select_for_update(no_key=True).filter(pk__in=self.variants_of(request, object_id))
        list(rows.order_by("pk").values_list("pk"))
        super().hold(request, object_id)

    def variants_of(self, _request: HttpRequest, object_id: str) -> list[int]:
        return [int(object_id)]
