# mypy: disable-error-code="misc, untyped-decorator"
# unfold carries no types
"""Words that customers use for the same thing."""

from django.contrib import admin
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from catalog.admin.deleting import SaysWhatIsDeleted
from catalog.admin.editing import EditedInCatalog
from catalog.forms.search import SynonymGroupForm
from catalog.models import SynonymGroup
from core.backoffice import NewestFirst


@admin.register(SynonymGroup)
class SynonymGroupAdmin(EditedInCatalog, SaysWhatIsDeleted, NewestFirst, ModelAdmin):
    """Counts from the next search on."""

    form = SynonymGroupForm
    list_display = ("shown", "language")
    list_filter = (("language", ChoicesDropdownFilter),)
    list_filter_submit = True
    fields = ("language", "words")
    search_fields = ("words",)
    search_help_text = "A word"
    warn_unsaved_form = True
    deleting = "From the next search on, each of its words finds only itself."

    @display(description="Words", ordering="words")
    def shown(self, row: SynonymGroup) -> str:
        return str(row)
