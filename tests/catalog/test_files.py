"""Files that staff take in and give out: every wrong cell is said at once, workbooks are taken as text files are."""

import json
from datetime import date
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
import tablib
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.html import escape
from openpyxl import Workbook, load_workbook

from catalog.forms.files import MOST_BYTES
from catalog.models import Airline, CabinRule, SaleOffer, Variant
from catalog.offer_resources import SaleOfferResource
from catalog.resources import AirlineResource, CabinRuleResource, VariantResource
from catalog.spreadsheets import MOST_ROWS
from catalog.workbooks import MOST_COLUMNS, MOST_UNPACKED, UnreadableFile, Xlsx
from tests.catalog.test_admin import page, transfer
from tests.factories.catalog import SaleOfferFactory, VariantFactory

pytestmark = pytest.mark.django_db


def wrong_cells(resource: Any, *rows: dict[str, Any]) -> list[dict[str, list[str]]]:
    """{column: what is said of it}, for each wrong row."""
    headers = list(rows[0])
    data = tablib.Dataset(*([row[name] for name in headers] for row in rows), headers=headers)
    result = resource().import_data(data, dry_run=True)
    assert not result.has_errors(), [str(error.error) for _, row in result.row_errors() for error in row]
    return [row.error_dict for row in result.invalid_rows]


def variant_row(**cells: Any) -> dict[str, Any]:
    variant = VariantFactory.build()
    told = {name: getattr(variant, name) for name in ("size", "colour", "colour_hex", *Variant.LEAST)}
    return {"container": "murmur", "sku": "MUR-M", **told, **cells}


def test_every_wrong_cell_of_a_row_is_said_at_once():
    VariantFactory(sku="OTHER", container__slug="murmur")

    said = wrong_cells(
        VariantResource,
        variant_row(container="nowhere", sku="mur m", colour_hex="sage", inner_height_mm="tall", weight_g="9 kg",
                    max_load_g=999_999, outer_length_mm=1, size="=1+1"),
    )  # fmt: skip

    assert list(said[0])[:3] == ["container", "sku", "size"]
    assert said == [
        {
            "container": ['There is no container "nowhere".'],
            "sku": ["Use capitals, digits and dashes, 3 to 40 of them."],
            "size": ['"=1+1" begins as a formula does; write it without the first sign.'],
            "colour_hex": ["Use #rrggbb."],
            "inner_height_mm": ['"tall" is not a whole number such as 460, without a unit.'],
            "weight_g": ['"9 kg" is not a whole number such as 460, without a unit.'],
            "max_load_g": ["Ensure this value is less than or equal to 100000."],
        }
    ]


def test_what_is_too_small_or_larger_inside_is_said_beside_what_cannot_be_read():
    VariantFactory(sku="MUR-M", container__slug="murmur")

    said = wrong_cells(VariantResource, variant_row(weight_g="heavy", max_load_g=3, inner_width_mm=1999))

    assert set(said[0]) == {"weight_g", "max_load_g", "__all__"}
    assert said[0]["weight_g"] == ['"heavy" is not a whole number such as 460, without a unit.']
    assert said[0]["__all__"] == ["The inside cannot be larger than the outside."]


def test_what_a_new_row_lacks_is_said_and_what_a_known_one_leaves_out_stays():
    VariantFactory(sku="MUR-M", container__slug="murmur")
    few = {"container": "murmur", "sku": "MUR-M", "weight_g": "1150"}

    said = wrong_cells(VariantResource, few, few | {"sku": "MUR-L", "weight_g": ""})

    assert len(said) == 1
    assert said[0]["weight_g"] == ["Nothing is written here; it cannot be empty."]
    assert set(said[0]) == {"colour", *Variant.LEAST}


def test_an_empty_row_is_said_to_be_one():
    assert wrong_cells(AirlineResource, {"code": "", "name": ""}) == [
        {"__all__": ["Nothing is written in this row: delete it."]}
    ]


def test_what_is_none_of_the_choices_is_told_which_there_are():
    Airline.objects.create(code="LH", name="Lufthansa")
    read = {"source": "a letter", "checked_on": "2026-01-01", "trust": "hearsay"}
    rule = {"airline": "LH", "shell": "furry", "allowed": "1", "most_cats": "1", "valid_from": "2026-01-01", **read}
    rule |= {"cabin": "", "aircraft": ""}

    assert wrong_cells(CabinRuleResource, rule) == [
        {
            "shell": ['"furry" is none of soft, hard.'],
            "trust": ['"hearsay" is none of good, medium, low, uncertain.'],
        }
    ]
    assert not CabinRule.objects.exists()


def test_a_wrong_price_a_wrong_day_and_a_wrong_class_are_said_together():
    VariantFactory(sku="MUR-M")
    row = {"sku": "MUR-M", "currency": "EUR", "price": "dear", "tax_class": "none", "from": "24.12.2026"}

    assert wrong_cells(SaleOfferResource, row, row | {"price": "5", "from": ""}) == [
        {
            "price": ['"dear" is not an amount such as 49.90.'],
            "from": ['"24.12.2026" is not a day such as 2026-12-31.'],
            "tax_class": ['"none" is none of standard, reduced, zero.'],
        },
        {"tax_class": ['"none" is none of standard, reduced, zero.']},
    ]


def test_more_rows_than_can_be_looked_at_are_refused(staff: Client):
    rows = "code,name\n" + "LH,Lufthansa\n" * (MOST_ROWS + 1)

    assert f"The file has more than {MOST_ROWS} rows: split it." in transfer(staff, "airline", rows).text, (
        transfer(staff, "airline", rows).context["form"].errors
    )


def test_a_file_that_is_too_large_is_refused_before_it_is_read(staff: Client):
    file = SimpleUploadedFile("rows.csv", b"x" * (MOST_BYTES + 1))

    assert (
        "The file is larger than 5 MB: split it."
        in staff.post(page("airline", "import"), {"format": "0", "import_file": file}).text
    )


def test_rows_are_counted_as_the_sheet_counts_them(staff: Client):
    answer = transfer(staff, "airline", 'code,name\nLH,"Luft\nhansa"\n\nlong,x\n')

    assert "row 2 is the first below the names of the columns" in answer.text
    assert [row.number for row in answer.context["result"].invalid_rows] == [3, 4]
    assert "<h3>Row 3</h3>" in answer.text


def test_the_history_says_what_a_file_changed_from_what_to_what(staff: Client):
    offer = SaleOfferFactory(variant__sku="MUR-M", price_minor=4990)
    VariantFactory(sku="SLI-M")
    rows = "MUR-M,EUR,59.90,standard\nSLI-M,EUR,39.90,standard\nMUR-M,EUR,59.90,standard\n"

    transfer(staff, "saleoffer", f"sku,currency,price,tax_class\n{rows}")

    told = {entry.object_id: entry.get_change_message() for entry in LogEntry.objects.all()}
    new = SaleOffer.objects.get(variant__sku="SLI-M")
    assert told == {
        str(offer.pk): "Imported: price from €49.90 to €59.90.",
        str(new.pk): "Imported: new, price €39.90.",
    }


# ----------------------------------------------------------------------------------------------------------- text


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_text_is_taken_in_with_whatever_parts_its_cells(staff: Client, delimiter: str):
    VariantFactory(sku="MUR-M")
    rows = [["sku", "currency", "price", "tax_class", ""], ["MUR-M", "EUR", '"59,90"', "standard", ""], [""] * 5]

    transfer(staff, "saleoffer", "\r\n".join(map(delimiter.join, rows)))

    assert [offer.price_minor for offer in SaleOffer.objects.all()] == [5990]


def test_a_decimal_comma_between_commas_is_refused_with_its_row(staff: Client):
    VariantFactory(sku="MUR-M")

    answer = transfer(staff, "saleoffer", "sku,currency,price,tax_class\nMUR-M,EUR,59,90,standard\n")

    assert "Row 2 has more cells than there are columns. Where commas part them, write 49.90 for 49,90" in answer.text
    assert not SaleOffer.objects.exists()


def test_text_without_a_word_in_it_is_said_to_be_empty(staff: Client):
    assert "The file is empty: the first row names the columns." in transfer(staff, "airline", "\n,\n").text


def test_a_comma_that_may_part_thousands_is_not_guessed_at():
    VariantFactory(sku="MUR-M")
    row = {"sku": "MUR-M", "currency": "EUR", "tax_class": "standard"}

    assert wrong_cells(SaleOfferResource, row | {"price": "1,234"}, row | {"price": "1.234,50"}) == [
        {"price": ['"1,234" may be thousands or decimals; write it with a point, or without the comma.']},
        {"price": ['"1.234,50" is not an amount such as 49.90.']},
    ]


# ------------------------------------------------------------------------------------------------------ workbooks


def workbook(*rows: list[Any]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    written = BytesIO()
    book.save(written)
    return written.getvalue()


def upload(staff: Client, model: str, content: bytes) -> Any:
    """Take a workbook in: first as a preview, then for good. Returns the preview where it is refused."""
    file = SimpleUploadedFile("rows.xlsx", content)
    preview = staff.post(page(model, "import"), {"format": "2", "import_file": file})
    if (confirm := preview.context.get("confirm_form")) is None:
        return preview
    return staff.post(page(model, "process_import"), confirm.initial, follow=True)


def test_a_workbook_is_taken_in_after_a_look_at_it(staff: Client):
    VariantFactory(sku="MUR-M")
    rows = [["sku", "currency", "price", "tax_class", "from", None], ["MUR-M", "EUR", 59.9, "standard", None, None],
            ["MUR-M", "CHF", 60, "standard", date(2030, 1, 1), None], [None, None, "", None, None, None]]  # fmt: skip

    upload(staff, "saleoffer", workbook(*rows))

    told = SaleOffer.objects.order_by("price_minor").values_list("currency", "price_minor", "valid_from")
    assert [(currency, minor) for currency, minor, _ in told] == [("EUR", 5990), ("CHF", 6000)]
    assert told[1][2] == date(2030, 1, 1)


def test_what_is_written_into_a_workbook_comes_back_unchanged(staff: Client):
    SaleOfferFactory(variant__sku="MUR-M", price_minor=4990)
    Airline.objects.create(code="LH", name="=HYPERLINK(1)")
    Airline.objects.create(code="XX", name="bell \x07")
    chosen = dict.fromkeys((f"airlineresource_{name}" for name in ("code", "name")), "on")
    prices = dict.fromkeys((f"saleofferresource_{name}" for name in ("sku", "currency", "price", "tax_class")), "on")

    file = staff.post(page("airline", "export"), {"format": "2", **chosen}).content
    offers = staff.post(page("saleoffer", "export"), {"format": "2", **prices}).content

    rows = list(load_workbook(BytesIO(file)).active.values)
    assert rows == [("code", "name"), ("LH", "'=HYPERLINK(1)"), ("XX", "bell ")]
    assert list(load_workbook(BytesIO(offers)).active.values)[1][:3] == ("MUR-M", "EUR", 49.9)
    Airline.objects.all().delete()
    upload(staff, "airline", file)
    assert dict(Airline.objects.values_list("code", "name")) == {"LH": "=HYPERLINK(1)", "XX": "bell "}


def test_text_that_looks_like_a_number_comes_back_unchanged(staff: Client):
    sizes = {"MUR-1": "1.0", "MUR-2": "2.50", "MUR-3": "3", "MUR-4": "04", "MUR-5": "5.12345"}
    for sku, size in sizes.items():
        VariantFactory(sku=sku, size=size)
    chosen = dict.fromkeys((f"variantresource_{name}" for name in ("sku", "size")), "on")

    file = staff.post(page("variant", "export"), {"format": "2", **chosen}).content

    read = Xlsx().create_dataset(file).dict
    assert {row["sku"]: row["size"] for row in read} == sizes


def test_a_number_is_read_as_it_is_shown_unless_it_is_finer():
    book = Workbook()
    for place, (value, shown) in enumerate([(49.9, "0.00"), (60, "0.00"), (49.905, "0.00"), (1.5, "General")], 1):
        book.active.cell(1, place, f"n{place}")
        book.active.cell(2, place, value).number_format = shown
    book.save(written := BytesIO())

    assert list(Xlsx().create_dataset(written.getvalue())[0]) == ["49.90", "60.00", "49.905", "1.5"]


@pytest.mark.parametrize("value", ["=1+1", '=HYPERLINK("https://evil.example")'])
def test_a_workbook_with_a_formula_is_refused_with_its_cell(staff: Client, value: str):
    answer = upload(staff, "airline", workbook(["code", "name"], ["LH", "Lufthansa"], ["XX", value]))

    assert "Cell B3 holds a formula. Copy it, and paste it as a value." in answer.text
    assert '<span class="mono">code, name</span>' in answer.text
    assert not Airline.objects.exists()


def zipped(members: dict[str, bytes], *, lie: bool = False) -> bytes:
    """lie: its directory says that everything in it is small."""
    written = BytesIO()
    with ZipFile(written, "w", ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        if lie:
            for info in archive.infolist():
                info.file_size = 10
    return written.getvalue()


def members(book: bytes) -> dict[str, bytes]:
    with ZipFile(BytesIO(book)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


BOOK = members(workbook(["code", "name"], ["LH", "Lufthansa"]))
LAUGHS = b"<!DOCTYPE x [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;'>]>"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"code,name\nLH,Lufthansa\n", "This is no .xlsx workbook, or it is locked with a password."),
        (b"", "The submitted file is empty."),
        (zipped({"a.txt": b"hello"}), "This file cannot be read."),
        (zipped(BOOK)[:-40], "This is no .xlsx workbook"),
        (zipped(BOOK | {"xl/media/cat.png": bytes(MOST_UNPACKED)}), "Unpacked it is too large."),
        (zipped(BOOK | {"xl/media/cat.png": bytes(MOST_UNPACKED)}, lie=True), "This is no .xlsx workbook"),
        (zipped(BOOK | {f"xl/{n}.xml": b"" for n in range(600)}), "it has too many parts"),
        (
            zipped(BOOK | {"xl/worksheets/sheet1.xml": LAUGHS + BOOK["xl/worksheets/sheet1.xml"]}),
            "This file cannot be read.",
        ),
        (workbook(), "The first sheet is empty: the first row names the columns."),
        (workbook(["code", "name"], ["LH", "#REF!"]), "holds an error, #REF!"),
        (workbook(["code", "name"], ["LH"] * (MOST_COLUMNS + 1)), f"The sheet has more than {MOST_COLUMNS} columns."),
        (workbook(["name"], ["Lufthansa"]), "The file lacks the column code."),
    ],
    ids=["a text", "nothing", "another archive", "cut off", "a bomb", "a bomb that lies", "parts", "entities",
         "an empty sheet", "an error", "wide", "a column"],
)  # fmt: skip
def test_a_workbook_that_cannot_be_taken_says_why(staff: Client, content: bytes, said: str):
    answer = upload(staff, "airline", content)

    assert escape(said) in answer.text
    assert not Airline.objects.exists()


def test_a_row_at_the_end_of_the_sheet_does_not_fill_the_memory():
    book = Workbook()
    book.active["A1"], book.active["A1048576"] = "code", "LH"
    written = BytesIO()
    book.save(written)

    with pytest.raises(UnreadableFile, match="The sheet goes on below row 5001"):
        Xlsx().create_dataset(written.getvalue())
    assert len(Xlsx().create_dataset(workbook(["code"], *(["LH"] for _ in range(MOST_ROWS))))) == MOST_ROWS


def test_a_text_file_and_a_workbook_say_the_same(staff: Client):
    rows = [{"code": "LH", "name": "Lufthansa"}, {"code": "AF", "name": "Air France"}]
    book = Xlsx().create_dataset(workbook(list(rows[0]), *(list(row.values()) for row in rows)))

    assert book.dict == rows
    assert tablib.Dataset().load(json.dumps(rows), format="json").dict == rows
