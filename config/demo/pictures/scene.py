"""What is around the container: wall, floor, light, a hint of the journey, and the shadow on the ground."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import cos, pi, sin

from PIL import Image

from config.demo.pictures.canvas import HEIGHT, SUPER, WIDTH, Canvas
from config.demo.pictures.colour import RGB, darker, hue_and_saturation, mix
from config.demo.pictures.geometry import Camera, Point, Vec, arc, ellipse, rectangle, smooth
from config.demo.records import Kind

W, H = WIDTH * SUPER, HEIGHT * SUPER
HORIZON = 0.66 * H


@dataclass(frozen=True)
class Backdrop:
    wall: RGB
    floor: RGB
    disc: RGB
    motif: RGB


BACKDROPS = (
    Backdrop((247, 236, 222), (236, 219, 198), (253, 247, 238), (228, 200, 168)),  # apricot
    Backdrop((226, 238, 231), (207, 225, 215), (242, 249, 245), (176, 206, 192)),  # mint
    Backdrop((224, 235, 243), (203, 220, 233), (241, 247, 251), (172, 199, 220)),  # sky
    Backdrop((247, 229, 223), (237, 209, 200), (253, 243, 239), (229, 184, 172)),  # blush
    Backdrop((235, 229, 243), (217, 207, 231), (246, 243, 251), (194, 179, 217)),  # lilac
    Backdrop((249, 240, 212), (239, 224, 182), (254, 249, 233), (229, 204, 140)),  # butter
    Backdrop((233, 236, 225), (215, 220, 202), (246, 248, 241), (190, 200, 168)),  # sage
)


def choose_backdrop(colour: RGB, turn: int) -> Backdrop:
    """One of the backdrops that stand well apart from the product's colour; `turn` picks among the best three."""
    hue, saturation = hue_and_saturation(colour)

    def nearness(backdrop: Backdrop) -> float:
        apart = abs(hue - hue_and_saturation(backdrop.motif)[0])
        return abs(min(apart, 1 - apart) - 0.38) if saturation > 0.12 else 0.0

    return sorted(BACKDROPS, key=nearness)[turn % (3 if saturation > 0.12 else len(BACKDROPS))]


@lru_cache(maxsize=len(BACKDROPS))
def _room(backdrop: Backdrop) -> Image.Image:
    """Wall and floor without an edge between them, as in a photographer's studio."""
    small = Image.new("RGB", (W // 8, H // 8))
    for y in range(small.height):
        t = min(max((y / small.height - 0.52) / 0.13, 0.0), 1.0)
        small.paste(mix(backdrop.wall, backdrop.floor, t * t * (3 - 2 * t)), (0, y, small.width, y + 1))
    Canvas(small).glow(
        (small.width / 2, small.height * 0.84), small.width * 0.66, small.height * 0.20, backdrop.disc, 190
    )
    return small.resize((W, H), Image.Resampling.BICUBIC)


def new_canvas(kind: Kind, backdrop: Backdrop, turn: int) -> Canvas:
    """The room, something faint in it that says where this kind of container goes, and a light disc before that."""
    canvas = Canvas(_room(backdrop).copy())
    _MOTIFS[kind](canvas, backdrop, -1 if turn % 2 else 1)
    canvas.dot((W / 2, H * 0.455), H * 0.415, mix(backdrop.wall, backdrop.disc, 0.75))
    return canvas


def ground_shadow(canvas: Canvas, camera: Camera, ring: Sequence[Vec], backdrop: Backdrop) -> None:
    """The shadow of a footprint: tight and dark where it touches, wide and pale away from the light."""
    shade = darker(mix(backdrop.floor, backdrop.motif, 0.5), 0.62)
    wide = camera.project([(x * 1.08, y * 1.08, z) for x, y, z in ring])
    canvas.blur([(x + 50, y + 26) for x, y in wide], shade, 110, 56)
    close = camera.project([(x * 1.01, y * 1.01, z) for x, y, z in ring])
    canvas.blur([(x + 8, y + 8) for x, y in close], shade, 215, 15)


def _x(side: int, share: float) -> float:
    """A distance from the middle, to the right or mirrored to the left."""
    return W / 2 + side * share * W


def _plant(canvas: Canvas, backdrop: Backdrop, side: int) -> None:
    """At home: a plant in a pot, and a ball of wool."""
    x, base = _x(side, 0.40), HORIZON + 0.06 * H
    canvas.blur(ellipse(x + 20, base, 150, 24), darker(backdrop.floor, 0.4), 90, 24)
    leaf, dark = mix(backdrop.motif, backdrop.wall, 0.15), mix(backdrop.motif, backdrop.wall, 0.45)
    for i, angle in enumerate((-62, -38, -14, 12, 36, 60)):
        long = (330, 420, 500, 470, 400, 300)[i]
        tip = (x + long * sin(angle * pi / 180), base - 190 - long * cos(angle * pi / 180))
        _leaf(canvas, (x, base - 170), tip, 62, leaf if i % 2 else dark)
    pot = [(x - 110, base - 200), (x + 110, base - 200), (x + 82, base), (x - 82, base)]
    canvas.fill(pot, mix(backdrop.motif, backdrop.floor, 0.25))
    canvas.gradient(pot, darker(backdrop.motif, 0.5), (x, base), (x + 130, base), (0, 70))
    canvas.fill(rectangle(250, 50, 14, x, base - 205).points(), mix(backdrop.motif, backdrop.floor, 0.1))
    ball = (_x(-side, 0.40), base + 120)
    canvas.blur(ellipse(ball[0] + 12, ball[1] + 58, 70, 14), darker(backdrop.floor, 0.4), 90, 14)
    canvas.dot(ball, 66, mix(backdrop.motif, backdrop.floor, 0.1))
    for i in range(5):
        line = arc((ball[0], ball[1]), (62 - i * 3, 18 + i * 11), 200, 340, steps=12)
        canvas.stroke(line, mix(backdrop.motif, backdrop.disc, 0.5), 4)
    thread = [
        (ball[0] - side * 40, ball[1] + 60),
        (ball[0] + side * 120, ball[1] + 84),
        (ball[0] + side * 240, ball[1] + 54),
    ]
    canvas.stroke(smooth(thread, 10, closed=False), mix(backdrop.motif, backdrop.floor, 0.1), 6)


def _leaf(canvas: Canvas, root: Point, tip: Point, width: float, colour: RGB) -> None:
    dx, dy = tip[0] - root[0], tip[1] - root[1]
    size = (dx * dx + dy * dy) ** 0.5
    nx, ny = -dy / size * width / 2, dx / size * width / 2
    middle = (root[0] + dx * 0.55, root[1] + dy * 0.55)
    blade = [root, (middle[0] + nx, middle[1] + ny), tip, (middle[0] - nx, middle[1] - ny)]
    canvas.fill(smooth(blade, 8), colour)


def _paw_trail(canvas: Canvas, backdrop: Backdrop, side: int) -> None:
    """At the vet's: a wall shelf with a round jar, and paw prints coming up to the door."""
    ink = mix(backdrop.motif, backdrop.wall, 0.35)
    shelf_x, shelf_y = _x(side, 0.385), 0.34 * H
    canvas.fill(rectangle(430, 22, 8, shelf_x, shelf_y).points(), mix(backdrop.motif, backdrop.wall, 0.1))
    for i, (w, h, r) in enumerate(((90, 150, 40), (120, 110, 54), (70, 190, 20))):
        x = shelf_x - 130 + i * 130
        canvas.fill(
            rectangle(w, h, r, x, shelf_y - 11 - h / 2).points(), mix(backdrop.motif, backdrop.wall, 0.3 + 0.15 * i)
        )
    for i in range(6):
        x = _x(-side, 0.47 - 0.055 * i)
        _paw(canvas, (x, HORIZON + (0.235 if i % 2 else 0.195) * H), 30, ink if i else mix(ink, backdrop.floor, 0.3))


def _paw(canvas: Canvas, centre: Point, size: float, colour: RGB) -> None:
    x, y = centre
    canvas.oval((x, y), size, size * 0.55, colour)
    for dx, dy in ((-0.95, -0.55), (-0.35, -0.95), (0.35, -0.95), (0.95, -0.55)):
        canvas.oval((x + dx * size, y + dy * size * 0.8), size * 0.3, size * 0.24, colour)


def _mist(canvas: Canvas, backdrop: Backdrop, base: float, depth: float) -> None:
    """What stands on the ground fades into it."""
    view = [(0, 0.3 * H), (W, 0.3 * H), (W, base + 4), (0, base + 4)]
    canvas.gradient(view, backdrop.floor, (0, base - depth), (0, base - 0.01 * H), (0, 255))


RIDGES = (
    (((0.5, 0.2), (0.34, 0.46), (0.2, 0.26), (0.02, 0.36), (-0.2, 0.2), (-0.36, 0.34), (-0.5, 0.14)), 0.62),
    (((0.5, 0.1), (0.42, 0.2), (0.24, 0.08), (-0.16, 0.1), (-0.3, 0.2), (-0.42, 0.1), (-0.5, 0.22)), 0.35),
)


def _mountains(canvas: Canvas, backdrop: Backdrop, side: int) -> None:
    """On the trail: two ridges and a low sun."""
    canvas.dot((_x(side, 0.33), 0.2 * H), 120, mix(backdrop.motif, backdrop.wall, 0.35))
    base = HORIZON + 0.02 * H
    for peaks, share in RIDGES:
        ridge = sorted((_x(side, x), base - y * H) for x, y in peaks)
        canvas.fill([(0, base), *ridge, (W, base)], mix(backdrop.motif, backdrop.wall, share))
    _mist(canvas, backdrop, base, 0.22 * H)


def _station(canvas: Canvas, backdrop: Backdrop, side: int) -> None:
    """In the station hall: an arcade and a clock."""
    pale, dim = mix(backdrop.motif, backdrop.wall, 0.55), mix(backdrop.motif, backdrop.wall, 0.75)
    base = HORIZON + 0.01 * H
    for i in range(5):
        x = W * (0.02 + 0.24 * i)
        opening = [(x + 200, base), *arc((x, 0.36 * H), (200, 260), 0, -180, steps=24), (x - 200, base)]
        canvas.fill(opening, pale)
        inner = [(x + 150, base), *arc((x, 0.37 * H), (150, 205), 0, -180, steps=24), (x - 150, base)]
        canvas.fill(inner, dim)
    _mist(canvas, backdrop, base, 0.22 * H)
    x, y = _x(side, 0.38), 0.135 * H
    canvas.dot((x, y), 104, mix(backdrop.motif, backdrop.wall, 0.1))
    canvas.dot((x, y), 84, backdrop.disc)
    canvas.stroke([(x, y + 6), (x, y - 58)], darker(backdrop.motif, 0.25), 9)
    canvas.stroke([(x, y), (x + 38, y + 22)], darker(backdrop.motif, 0.25), 11)


def _road(canvas: Canvas, backdrop: Backdrop, side: int) -> None:
    """Through the hills: round trees and a winding road."""
    base = HORIZON + 0.03 * H
    far, near = mix(backdrop.motif, backdrop.wall, 0.6), mix(backdrop.motif, backdrop.wall, 0.35)
    for x, rx, ry, colour in ((0.42, 900, 420, far), (-0.36, 1000, 330, far), (0.1, 1300, 240, near)):
        canvas.fill(arc((_x(side, x), base), (rx, ry), 180, 360, steps=48), colour)
    for x, size in ((0.35, 92), (0.43, 64), (-0.43, 84), (-0.37, 52)):
        top = (_x(side, x), base - 250 - size)
        canvas.stroke([(top[0], top[1]), (top[0], base - 120)], mix(backdrop.motif, backdrop.wall, 0.1), 14)
        canvas.oval(top, size, size * 1.25, mix(backdrop.motif, backdrop.wall, 0.15))
    _mist(canvas, backdrop, base, 0.22 * H)


def _sky(canvas: Canvas, backdrop: Backdrop, side: int) -> None:
    """In the air: clouds, and a small plane on its dotted way."""
    pale = mix(backdrop.disc, (255, 255, 255), 0.4)
    for x, y, size in ((0.36, 0.34, 105), (-0.40, 0.22, 125), (-0.30, 0.52, 70)):
        _cloud(canvas, (_x(side, x), y * H), size, pale)
    start, top, end = (_x(side, -0.52), 0.42 * H), (_x(side, 0.0), 0.035 * H), (_x(side, 0.36), 0.125 * H)
    way = smooth([start, (_x(side, -0.28), 0.16 * H), top, end], 12, closed=False)
    canvas.dashes(way, mix(backdrop.motif, backdrop.wall, 0.1), 8, 26)
    _plane(canvas, end, side, darker(backdrop.motif, 0.08))


def _cloud(canvas: Canvas, centre: Point, size: float, colour: RGB) -> None:
    x, y = centre
    for dx, dy, r in ((-1.15, 0.1, 0.62), (-0.35, -0.3, 0.95), (0.65, -0.1, 0.78), (1.35, 0.2, 0.5)):
        canvas.dot((x + dx * size, y + dy * size), r * size, colour)
    canvas.fill(rectangle(size * 3.6, size * 0.9, size * 0.42, x + 0.05 * size, y + 0.3 * size).points(), colour)


PLANE = (
    (60, 16), (20, -6), (-20, -14), (-70, -64), (-92, -66), (-62, -16), (-112, -18), (-140, -44), (-154, -40),
    (-138, 2), (-148, 34), (-134, 38), (-104, 14), (-54, 22), (-70, 76), (-48, 74), (-8, 28), (40, 32),
)  # fmt: skip


def _plane(canvas: Canvas, nose: Point, side: int, colour: RGB) -> None:
    canvas.fill([(nose[0] + side * x * 1.15, nose[1] + y * 1.15) for x, y in PLANE], colour)


_MOTIFS: dict[Kind, Callable[[Canvas, Backdrop, int], None]] = {
    "soft": _plant,
    "hard": _paw_trail,
    "backpack": _mountains,
    "wheeled": _station,
    "car_crate": _road,
    "airline_crate": _sky,
}
