"""One illustration per container and colour, drawn from its true proportions.

Everything is computed: the same container and variant give the same pixels on every run. No fonts or files of the
system are used, and nothing drawn is kept in the repository.
"""

from collections.abc import Callable
from io import BytesIO
from zlib import crc32

from PIL import Image

from config.demo.pictures.airline import draw_airline_crate
from config.demo.pictures.backpack import draw_backpack
from config.demo.pictures.car_crate import draw_car_crate
from config.demo.pictures.colour import parse
from config.demo.pictures.hard import draw_hard
from config.demo.pictures.looks import look_of
from config.demo.pictures.scene import choose_backdrop, new_canvas
from config.demo.pictures.soft import draw_soft
from config.demo.pictures.stage import Stage
from config.demo.pictures.wheeled import draw_wheeled
from config.demo.records import Container, Kind, Variant

__all__ = ["as_webp", "draw"]

_DRAWERS: dict[Kind, Callable[[Stage], None]] = {
    "soft": draw_soft,
    "hard": draw_hard,
    "backpack": draw_backpack,
    "wheeled": draw_wheeled,
    "car_crate": draw_car_crate,
    "airline_crate": draw_airline_crate,
}


def draw(container: Container, variant: Variant) -> Image.Image:
    """The picture of a container in a variant's colour and proportions: RGB, 1200 by 900."""
    paint, turn = parse(variant.colour_hex), crc32(container.slug.encode())
    backdrop = choose_backdrop(paint, turn)
    canvas = new_canvas(container.kind, backdrop, turn)
    length, width, height = variant.outer_mm
    look = look_of(container.slug, container.kind)
    stage = Stage(canvas, backdrop, look, container.brand, paint, length, width, height)
    _DRAWERS[container.kind](stage)
    return canvas.finished()


def as_webp(image: Image.Image) -> bytes:
    """The picture as a small file for a phone, without metadata; the same bytes for the same picture."""
    buffer = BytesIO()
    image.save(buffer, "WEBP", quality=86, method=2)
    return buffer.getvalue()
