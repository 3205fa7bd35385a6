"""Pictures of containers: what may be uploaded, and the small ones that phones load. Pure: no database, no storage."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import IO, Any

from django.core.exceptions import ValidationError
from PIL import Image, ImageOps, UnidentifiedImageError

WIDTHS = (320, 640, 1280)
FORMATS = ("JPEG", "PNG", "WEBP")
ENDINGS = ("jpg", "jpeg", "png", "webp")
NO_PICTURE = "This is no picture that can be read. Choose a JPEG, PNG or WebP file."
MOST_PIXELS = 50_000_000  # what phones make; a bomb tells its size before anything is unpacked
MOST_BYTES = 10_000_000
_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)
BROKEN = (*_BOMBS, UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, struct.error)


@dataclass(frozen=True, slots=True)
class Rendition:
    width: int
    height: int
    webp: bytes
    avif: bytes


def check(file: Any) -> None:
    """Look at an upload: how large it is before any of it is unpacked, then that all of it is there.

    Raises: ValidationError, in words for whoever chose it.
    """
    if file.size > MOST_BYTES:
        raise ValidationError(
            f"This file has {file.size / 1_000_000:.1f} MB; a picture may have {MOST_BYTES // 1_000_000}. "
            "Save it smaller: 2000 pixels wide is plenty.",
            code="too_many_bytes",
        )
    file.seek(0)
    try:
        with Image.open(file, formats=FORMATS) as found:
            is_large = found.width * found.height > MOST_PIXELS
            if not is_large:
                found.load()
    except _BOMBS:
        is_large = True  # so large that not even its size is told
    except BROKEN as broken:
        raise ValidationError(NO_PICTURE, code="no_picture") from broken
    file.seek(0)
    if is_large:
        raise ValidationError(
            f"This picture has more than {MOST_PIXELS // 1_000_000} million pixels. Save it smaller: 2000 pixels wide "
            "is plenty.",
            code="too_many_pixels",
        )


def renditions(file: IO[bytes]) -> Iterator[Rendition]:
    """A picture in each of `WIDTHS` that is narrower than itself, upright and without metadata, the smallest first.

    file: one that `check` let pass.
    """
    file.seek(0)
    with Image.open(file, formats=FORMATS) as found:
        upright = ImageOps.exif_transpose(found)
    picture = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    for width in WIDTHS:
        if width >= picture.width:
            return
        height = max(1, round(picture.height * width / picture.width))
        small = picture.resize((width, height), Image.Resampling.LANCZOS)
        yield Rendition(width, height, _as(small, "WEBP", quality=80), _as(small, "AVIF", quality=60, speed=8))


def _as(picture: Image.Image, kind: str, **options: Any) -> bytes:
    content = BytesIO()
    bare = Image.new(picture.mode, picture.size)  # only its pixels are taken along
    bare.paste(picture)
    bare.save(content, kind, **options)
    return content.getvalue()
