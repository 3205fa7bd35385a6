# mypy: disable-error-code="misc"
# unfold carries no types
"""Files that are taken in."""

from typing import Any

from django.core.exceptions import ValidationError
from unfold.contrib.import_export.forms import ImportForm

from catalog.spreadsheets import MOST_ROWS

MOST_BYTES = 5_000_000


class FileForm(ImportForm):
    """A spreadsheet, no larger than can be looked at while somebody waits."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["import_file"].widget.attrs["accept"] = ".csv,.json,.xlsx"
        self.fields["import_file"].help_text = (
            f"The first row names the columns; at most {MOST_ROWS} rows. Of an .xlsx the first sheet is read, and no "
            "formulas. Nothing changes before you have looked at it."
        )

    def clean_import_file(self) -> Any:
        file = self.cleaned_data["import_file"]
        if file.size > MOST_BYTES:
            raise ValidationError(f"The file is larger than {MOST_BYTES // 1_000_000} MB: split it.")
        return file
