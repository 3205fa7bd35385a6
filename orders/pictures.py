"""Pictures as they are kept: what was photographed, and nothing about where, when or with what."""

from collections.abc import Sequence
from io import BytesIO
from typing import IO

from django.core.files.base import ContentFile, File
from PIL import Image, ImageOps

from catalog.pictures import BROKEN, FORMATS, MOST_BYTES, MOST_PIXELS
from orders.errors import PhotoUnsuitable

__all__ = ["LONGEST_SIDE", "MOST_BYTES", "MOST_PHOTOS", "MOST_PIXELS", "clean_jpeg", "cleaned"]

LONGEST_SIDE = 2048
MOST_PHOTOS = 6  # of one occasion


def cleaned(photos: Sequence["File[bytes]"]) -> list["ContentFile[bytes]"]:
    """Up to 6 pictures of up to 10 MB as they are kept (`clean_jpeg`). Raises: PhotoUnsuitable."""
    if len(photos) > MOST_PHOTOS:
        raise PhotoUnsuitable(f"At most {MOST_PHOTOS} pictures at once.")
    if any(photo.size > MOST_BYTES for photo in photos):
        raise PhotoUnsuitable(f"A picture has at most {MOST_BYTES // 1_000_000} MB.")
    return [ContentFile(clean_jpeg(photo), "photo.jpg") for photo in photos]


def clean_jpeg(file: IO[bytes]) -> bytes:
    """The picture anew, upright, as a JPEG without metadata, at most 2048 pixels on its longer side.

    file: JPEG, PNG or WebP. Raises: PhotoUnsuitable.
    """
    try:
        file.seek(0)
        with Image.open(file, formats=FORMATS) as found:
            if found.width * found.height > MOST_PIXELS:
                raise PhotoUnsuitable(f"A picture has at most {MOST_PIXELS // 1_000_000} million pixels.")
            found.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)  # a JPEG is unpacked no larger
            upright = ImageOps.exif_transpose(found)
    except BROKEN as broken:
        raise PhotoUnsuitable from broken
    return _as_jpeg(upright)


def _as_jpeg(picture: Image.Image) -> bytes:
    """On white where it was transparent. Only its pixels are taken along."""
    if picture.has_transparency_data:
        drawn = picture.convert("RGBA")
        picture = Image.new("RGB", drawn.size, "white")
        picture.paste(drawn, mask=drawn)
    bare = Image.new("RGB", picture.size)
    bare.paste(picture.convert("RGB"))
    content = BytesIO()
    bare.save(content, "JPEG", quality=85, optimize=True)
    return content.getvalue()
