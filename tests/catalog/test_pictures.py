"""Pictures of containers: looked at before they are unpacked, made small once, shown to phones, and removed whole."""

import struct
import zlib
from io import BytesIO
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from PIL import Image

from catalog.models import Container, ContainerImage
from catalog.pictures import MOST_BYTES
from catalog.services import make_missing_sizes
from tests.factories.accounts import UserFactory, client_for
from tests.factories.catalog import ContainerFactory, ContainerImageFactory, VariantFactory

pytestmark = pytest.mark.django_db


def drawn(width: int, height: int, kind: str = "PNG", **options: Any) -> bytes:
    content = BytesIO()
    Image.linear_gradient("L").convert("RGB").resize((width, height)).save(content, kind, **options)
    return content.getvalue()


def bomb(side: int) -> bytes:
    """A PNG of a few bytes that says how large a square it is."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


def upload(staff: Client, container: Container, *rows: dict[str, Any]) -> Any:
    """The container's page as it is saved, with these rows of pictures."""
    kept = sum("id" in row for row in rows)
    form: dict[str, Any] = {
        "name": container.name, "brand": container.brand, "slug": container.slug, "kind": container.kind,
        "description": container.description, "published": "on",
    }  # fmt: skip
    for prefix, initial, total in (("images", kept, len(rows)), ("variants", 0, 0)):
        form |= {f"{prefix}-TOTAL_FORMS": total, f"{prefix}-INITIAL_FORMS": initial}
    for number, row in enumerate(rows):
        told = {"alt": "", "colour": "", "position": number, "container": container.pk, **row}
        form |= {f"images-{number}-{name}": value for name, value in told.items()}
    return staff.post(reverse("admin:catalog_container_change", args=[container.pk]), form)


def file(content: bytes, name: str = "bag.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, "image/png")


def refused(answer: Any) -> str:
    assert answer.status_code == 200
    [formset] = [one.formset for one in answer.context["inline_admin_formsets"] if one.formset.prefix == "images"]
    return " ".join(formset.forms[0].errors["image"])


def test_an_upload_is_made_in_every_size_that_is_narrower_as_webp_and_avif(
    staff: Client, django_capture_on_commit_callbacks: Any
) -> None:
    container = ContainerFactory()

    assert upload(staff, container, {"image": file(drawn(1000, 750))}).status_code == 302

    row = container.images.get()
    assert [(size["width"], size["height"]) for size in row.sizes] == [(320, 240), (640, 480)]
    for size in row.sizes:
        for kind in ("webp", "avif"):
            with default_storage.open(size[kind]) as kept, Image.open(kept) as picture:
                assert (picture.format, picture.size) == (kind.upper(), (size["width"], size["height"]))


def test_small_pictures_stand_upright_and_tell_nothing_of_the_camera(staff: Client) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Camera of Erika"  # turned by a quarter
    container = ContainerFactory()

    upload(staff, container, {"image": file(drawn(800, 400, "JPEG", exif=exif), "bag.jpg")})

    size = container.images.get().sizes[0]
    assert (size["width"], size["height"]) == (320, 640)
    with default_storage.open(size["webp"]) as kept:
        content = kept.read()
    assert b"Erika" not in content


def test_what_was_transparent_stays_so(staff: Client) -> None:
    content = BytesIO()
    Image.new("RGBA", (400, 400), (0, 128, 128, 0)).save(content, "PNG")
    container = ContainerFactory()

    upload(staff, container, {"image": file(content.getvalue())})

    with default_storage.open(container.images.get().sizes[0]["webp"]) as kept, Image.open(kept) as picture:
        assert picture.convert("RGBA").getpixel((10, 10))[3] == 0


WRONG = {
    "a bomb": (bomb(60_000), "more than 50 million pixels"),
    "a small bomb": (bomb(7_500), "more than 50 million pixels"),
    "too many bytes": (drawn(10, 10) + b"\0" * MOST_BYTES, "MB; a picture may have 10"),
    "no picture": (b"%PDF-1.7 this is none", "no picture that can be read"),
    "a page that calls itself a picture": (b"<svg onload='alert(1)'></svg>", "no picture that can be read"),
    "half a picture": (drawn(300, 300)[:200], "no picture that can be read"),
    "half a JPEG": (drawn(900, 900, "JPEG")[:3000], "no picture that can be read"),
    "a picture of another kind": (drawn(40, 40, "GIF"), "no picture that can be read"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_picture_of_a_sane_size_is_refused_in_plain_words(staff: Client, case: str) -> None:
    content, words = WRONG[case]

    answer = upload(staff, ContainerFactory(), {"image": file(content)})

    assert words in refused(answer)
    assert not ContainerImage.objects.exists()


def test_the_api_tells_every_size_beside_the_picture_itself(staff: Client) -> None:
    container = VariantFactory(offered=True).container
    upload(staff, container, {"image": file(drawn(1000, 750)), "alt": "A bag"})

    [image] = client_for(UserFactory()).get(f"/api/v1/containers/{container.slug}").json()["images"]

    row = container.images.get()
    assert image["url"].endswith(row.image.name)
    assert [(size["width"], size["height"]) for size in image["sizes"]] == [(320, 240), (640, 480)]
    assert image["sizes"][0]["url"].endswith(row.sizes[0]["webp"])
    assert image["sizes"][0]["avif"].endswith(row.sizes[0]["avif"])


def test_a_picture_goes_with_its_sizes_and_another_in_its_place_brings_its_own(
    staff: Client, django_capture_on_commit_callbacks: Any
) -> None:
    container = ContainerFactory()
    upload(staff, container, {"image": file(drawn(1000, 750))})
    row = container.images.get()
    first = row.files

    with django_capture_on_commit_callbacks(execute=True):
        upload(staff, container, {"id": row.pk, "image": file(drawn(400, 400), "other.png")})

    second = container.images.get().files
    assert len(second) == 3
    assert [default_storage.exists(name) for name in first] == [False] * 5
    assert all(default_storage.exists(name) for name in second)

    with django_capture_on_commit_callbacks(execute=True):
        upload(staff, container, {"id": row.pk, "DELETE": "on"})

    assert not container.images.exists()
    assert [default_storage.exists(name) for name in second] == [False] * 3


def test_the_pictures_of_a_container_that_is_deleted_go_too(
    staff: Client, django_capture_on_commit_callbacks: Any
) -> None:
    container = ContainerFactory()
    upload(staff, container, {"image": file(drawn(400, 400))})
    names = container.images.get().files

    with django_capture_on_commit_callbacks(execute=True):
        staff.post(reverse("admin:catalog_container_delete", args=[container.pk]), {"post": "yes"})

    assert not Container.objects.exists()
    assert not any(default_storage.exists(name) for name in names)


def test_pictures_that_were_there_before_get_their_sizes_by_a_command_once() -> None:
    row = ContainerImageFactory(image=default_storage.save("containers/old.png", ContentFile(drawn(700, 700))))
    ContainerImageFactory(image="containers/no-such-file.png")

    call_command("make_picture_sizes")

    row.refresh_from_db()
    assert [size["width"] for size in row.sizes] == [320, 640]
    assert make_missing_sizes() == (0, [])


def test_a_picture_that_cannot_be_read_is_left_out_and_named_and_the_others_are_made(capsys: Any) -> None:
    cut = default_storage.save("containers/cut.jpg", ContentFile(drawn(900, 900, "JPEG")[:3000]))
    broken = ContainerImageFactory(image=cut)
    row = ContainerImageFactory(image=default_storage.save("containers/old.png", ContentFile(drawn(700, 700))))

    call_command("make_picture_sizes")

    assert capsys.readouterr().out.splitlines() == [
        "pictures in the sizes of phones: 1",
        f"{cut} cannot be read; choose another picture",
    ]
    broken.refresh_from_db()
    row.refresh_from_db()
    assert (len(broken.sizes), len(row.sizes)) == (0, 2)


def test_a_name_that_is_no_pictures_is_refused_in_one_sentence(staff: Client) -> None:
    answer = upload(staff, ContainerFactory(), {"image": file(drawn(40, 40), "bag.svg")})

    assert refused(answer) == "This is no picture that can be read. Choose a JPEG, PNG or WebP file."
