"""Stickers for crates: a live-animal label, a this-way-up label, and an address field."""

from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

from config.demo.pictures.colour import RGB
from config.demo.pictures.geometry import Point, smooth

GREEN: RGB = (46, 140, 92)
WHITE: RGB = (252, 252, 248)
BLACK: RGB = (44, 44, 50)
RED: RGB = (206, 70, 58)

# a sitting cat from the side, in tenths of the field
SITTING_CAT = (
    (3.0, 9.4), (2.7, 7.6), (3.1, 5.6), (3.9, 4.2), (3.6, 3.2), (3.5, 1.2), (4.3, 2.2), (5.0, 2.1), (5.8, 1.1),
    (6.0, 2.9), (5.7, 4.0), (5.3, 4.6), (6.3, 6.0), (6.7, 7.6), (6.7, 8.7), (7.6, 8.6), (8.3, 7.9), (8.5, 6.8),
    (9.0, 6.7), (9.0, 8.0), (8.3, 9.1), (7.0, 9.5),
)  # fmt: skip


def _sheet(width: int, height: int, ground: RGB, edge: RGB) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGBA", (width, height), (*ground, 0))
    pen = ImageDraw.Draw(image)
    pen.rounded_rectangle((0, 0, width - 1, height - 1), 16, fill=(*edge, 255))
    pen.rounded_rectangle((9, 9, width - 10, height - 10), 10, fill=(*ground, 255))
    return image, pen


def _line(pen: ImageDraw.ImageDraw, text: str, centre: Point, size: int, ink: RGB) -> None:
    pen.text(centre, text, fill=ink, font=ImageFont.load_default(size), anchor="mm", stroke_width=1, stroke_fill=ink)


@lru_cache(maxsize=1)
def live_animal() -> Image.Image:
    image, pen = _sheet(300, 340, WHITE, GREEN)
    pen.rounded_rectangle((9, 238, 290, 330), 10, fill=GREEN)
    cat = smooth([(x * 23 + 18, y * 22 + 14) for x, y in SITTING_CAT], 5)
    pen.polygon(cat, fill=GREEN)
    _line(pen, "LIVE", (150, 262), 40, WHITE)
    _line(pen, "ANIMAL", (150, 303), 40, WHITE)
    return image


@lru_cache(maxsize=1)
def this_way_up() -> Image.Image:
    image, pen = _sheet(240, 300, WHITE, RED)
    for x in (78, 162):
        pen.polygon(
            [(x, 36), (x + 40, 96), (x + 15, 96), (x + 15, 190), (x - 15, 190), (x - 15, 96), (x - 40, 96)], fill=RED
        )
    pen.rectangle((34, 206, 206, 222), fill=RED)
    _line(pen, "THIS WAY UP", (120, 256), 32, BLACK)
    return image


@lru_cache(maxsize=1)
def address_field() -> Image.Image:
    image, pen = _sheet(340, 230, WHITE, (180, 182, 188))
    _line(pen, "MY NAME IS", (108, 44), 28, BLACK)
    for y, end in ((92, 300), (134, 270), (176, 300)):
        pen.line((34, y, end, y), fill=(150, 154, 164), width=5)
    pen.polygon(smooth([(x * 8 + 240, y * 7 + 10) for x, y in SITTING_CAT], 4), fill=(226, 150, 84))
    return image
