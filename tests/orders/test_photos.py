"""Pictures that prove a charge: kept without what they tell beside the picture, and shown to staff alone."""

import importlib
import struct
import zlib
from io import BytesIO
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage, storages
from django.test import Client
from PIL import Image

from orders.errors import PhotoUnsuitable
from orders.models import ChargeKind, ChargePhoto
from orders.pictures import LONGEST_SIDE, MOST_PIXELS, clean_jpeg
from orders.services import add_charge
from tests.factories.accounts import UserFactory
from tests.orders.desk import address, desk, desk_of
from tests.shop import Shop

MAKE, ORIENTATION, GPS = 0x010F, 0x0112, 0x8825


def picture(kind: str = "JPEG", size: tuple[int, int] = (40, 20), mode: str = "RGB", **kept: Any) -> BytesIO:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", size, "blue")
    image.paste("red", (0, 0, size[0] // 2, size[1]))
    content = BytesIO()
    image.convert(mode).save(content, kind, **kept)
    return content


def from_a_phone() -> BytesIO:
    """With the place it was taken at; held on its side."""
    exif = Image.Exif()
    exif[MAKE], exif[ORIENTATION] = "Pear 17", 6
    exif[GPS] = {1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)}
    return picture(exif=exif, comment=b"at home", dpi=(72, 72))


def opened(content: bytes) -> Image.Image:
    return Image.open(BytesIO(content))


def bomb(width: int, height: int) -> BytesIO:
    """A small file that says it is a huge picture."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(1000))
    return BytesIO(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b""))


def test_nothing_of_what_a_phone_adds_to_a_picture_is_kept() -> None:
    raw = from_a_phone()
    assert Image.open(raw).getexif().get_ifd(GPS)

    kept = clean_jpeg(raw)

    assert not opened(kept).getexif()
    assert set(opened(kept).info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert all(told not in kept for told in (b"Pear", b"Exif", b"at home"))


def test_a_picture_is_kept_as_it_was_held() -> None:
    kept = opened(clean_jpeg(from_a_phone()))

    assert kept.size == (20, 40)
    top, bottom = (kept.getpixel((10, y)) for y in (5, 35))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert top[0] > 200 > bottom[0]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_whatever_its_kind_it_is_kept_as_a_jpeg_of_sane_size(kind: str) -> None:
    kept = clean_jpeg(picture(kind, (5000, 2500)))

    assert (opened(kept).format, opened(kept).size) == ("JPEG", (LONGEST_SIDE, LONGEST_SIDE // 2))
    assert len(kept) < 100_000


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "1", "I;16"])
def test_every_kind_of_colour_can_be_kept(mode: str) -> None:
    assert opened(clean_jpeg(picture("PNG", mode=mode) if mode != "I;16" else _sixteen_bits())).mode == "RGB"


def _sixteen_bits() -> BytesIO:
    content = BytesIO()
    Image.new("I;16", (40, 20), 30_000).save(content, "PNG")
    return content


def test_what_was_transparent_is_white() -> None:
    content = BytesIO()
    Image.new("RGBA", (20, 20), (0, 0, 0, 0)).save(content, "PNG")

    assert opened(clean_jpeg(content)).getpixel((10, 10)) == (255, 255, 255)


@pytest.mark.parametrize(("width", "height"), [(MOST_PIXELS // 1000 + 1, 1000), (60_000, 60_000)])
def test_a_bomb_is_refused_before_it_is_unpacked(width: int, height: int) -> None:
    with pytest.raises(PhotoUnsuitable):
        clean_jpeg(bomb(width, height))


@pytest.mark.parametrize("content", [b"", b"no picture", b"\xff\xd8\xff\xe0 broken", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(PhotoUnsuitable):
        clean_jpeg(BytesIO(content))


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_that_broke_off_is_refused_or_drawn_but_never_an_error(kind: str) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    whole = picture(kind, (200, 100), exif=exif).getvalue()
    cut = [whole[:end] for end in range(0, len(whole), 7)]
    bent = [whole[:at] + b"\xff\x00" + whole[at + 2 :] for at in range(len(whole))]

    refused = sum(is_refused(broken) for broken in cut + bent)

    assert 0 < refused < len(cut + bent)


def is_refused(content: bytes) -> bool:
    try:
        return opened(clean_jpeg(BytesIO(content))).format != "JPEG"
    except PhotoUnsuitable:
        return True


# Who sees them


@pytest.fixture
def photo(shop: Shop) -> ChargePhoto:
    order = shop.ready(shop.rental(0, 3))
    charge = add_charge(
        order_id=order.pk,
        kind=ChargeKind.DAMAGE,
        amount_minor=1500,
        reason="The mesh is torn.",
        actor="staff:1",
        photos=[ContentFile(from_a_phone().getvalue(), "IMG_0815.jpg")],
    )
    return charge.photos.get()


@pytest.mark.parametrize("group", ["clerk", "auditor", "boss"])
def test_staff_who_see_rentals_see_the_pictures_and_no_cache_keeps_them(photo: ChargePhoto, group: str) -> None:
    answer = desk(group).get(address("orders_rental_photo", photo))

    assert answer.status_code == 200
    assert opened(b"".join(answer.streaming_content)).size == (20, 40)
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert {"private", "no-store"} <= {part.strip() for part in answer["Cache-Control"].split(",")}


def test_nobody_else_does(photo: ChargePhoto) -> None:
    page = address("orders_rental_photo", photo)

    assert Client().get(page)["Location"].startswith(address("login"))
    assert desk_of(photo.charge.order.customer).get(page)["Location"].startswith(address("login"))
    assert desk_of(UserFactory(staff=True)).get(page).status_code == 403
    assert desk("catalog").get(page).status_code == 403


def test_a_picture_that_is_not_there_is_not_found(photo: ChargePhoto) -> None:
    clerk = desk("clerk")
    storages["private"].delete(photo.image.name)

    assert clerk.get(address("orders_rental_photo", photo)).status_code == 404
    assert clerk.get(address("orders_rental_photo", photo.pk + 1)).status_code == 404


def test_the_public_folder_does_not_have_them(photo: ChargePhoto) -> None:
    assert storages["private"].exists(photo.image.name)
    assert not default_storage.exists(photo.image.name)
    assert Client().get(f"{settings.MEDIA_URL}{photo.image.name}").status_code == 404
    assert photo.image.name.removeprefix("charges/") != "IMG_0815.jpg"


def test_pictures_taken_before_are_taken_in_once(photo: ChargePhoto) -> None:
    migration = importlib.import_module("orders.migrations.0007_photos_and_reversals")
    was = default_storage.save("charges/0815.jpg", from_a_phone())
    ChargePhoto.objects.filter(pk=photo.pk).update(image=was)

    for _ in range(2):
        migration.take_in(apps, None)

    photo.refresh_from_db()
    assert not default_storage.exists(was)
    assert photo.image.name != was
    with photo.image.open() as file:
        assert not Image.open(file).getexif()
