"""The cat who looks out of every picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians, sin
from typing import Literal

from config.demo.pictures.canvas import Canvas
from config.demo.pictures.coats import Coat
from config.demo.pictures.colour import INK, RGB, darker, lighter, mix
from config.demo.pictures.geometry import Point, ellipse, smooth

Mood = Literal["awake", "sleepy", "asleep", "curious"]

# The head in units of half its width, x to its left and right, y down, the nose's bridge near the origin.
HEAD = ((0.0, -0.66), (0.40, -0.63), (0.76, -0.34), (0.95, 0.08), (0.88, 0.42), (0.60, 0.68), (0.26, 0.80), (0.0, 0.82))
FLUFFY_HEAD = (
    (0.0, -0.66), (0.42, -0.64), (0.80, -0.34), (1.00, 0.06), (1.18, 0.34), (0.98, 0.44), (1.04, 0.66), (0.76, 0.70),
    (0.66, 0.90), (0.34, 0.86), (0.0, 0.96),
)  # fmt: skip
EAR = ((0.90, -0.10), (0.94, -0.62), (0.86, -1.08), (0.77, -1.13), (0.66, -1.06), (0.42, -0.80), (0.20, -0.58))
SMALL_EAR = ((0.90, -0.16), (0.93, -0.56), (0.86, -0.84), (0.78, -0.88), (0.68, -0.83), (0.50, -0.70), (0.34, -0.58))
INNER_EAR = ((0.82, -0.40), (0.84, -0.72), (0.79, -0.95), (0.62, -0.80), (0.46, -0.62))
INNER_SMALL_EAR = ((0.84, -0.40), (0.85, -0.60), (0.79, -0.75), (0.66, -0.68), (0.54, -0.56))


@dataclass(frozen=True)
class Pen:
    """Head units to pixels: where the head is, how large, how tilted."""

    canvas: Canvas
    centre: Point
    size: float  # pixels of half a head's width
    tilt: float = 0.0  # degrees, clockwise
    flip: bool = False

    def at(self, points: Sequence[Point]) -> list[Point]:
        c, s = cos(radians(self.tilt)) * self.size, sin(radians(self.tilt)) * self.size
        side = -1 if self.flip else 1
        x0, y0 = self.centre
        return [(x0 + side * x * c - y * s, y0 + side * x * s + y * c) for x, y in points]

    def fill(self, points: Sequence[Point], colour: RGB, alpha: int = 255, *, curved: bool = True) -> None:
        self.canvas.fill(self.at(smooth(points, 5) if curved else points), colour, alpha)

    def line(self, points: Sequence[Point], colour: RGB, width: float, alpha: int = 255) -> None:
        self.canvas.stroke(self.at(smooth(points, 6, closed=False)), colour, max(width * self.size, 1.5), alpha=alpha)

    def oval(self, x: float, y: float, rx: float, ry: float, colour: RGB, *, alpha: int = 255) -> None:
        self.canvas.fill(self.at(ellipse(x, y, rx, ry, 28)), colour, alpha)


def mirror(points: Sequence[Point]) -> list[Point]:
    return [(-x, y) for x, y in points]


def whole(half: Sequence[Point]) -> list[Point]:
    """A symmetric outline from its right half, which starts and ends on the middle line."""
    return [*half, *mirror(half[1:-1])[::-1]]


def draw_cat(
    canvas: Canvas,
    coat: Coat,
    centre: Point,
    size: float,
    *,
    mood: Mood = "awake",
    tilt: float = 0.0,
    flip: bool = False,
    body: bool = True,
) -> None:
    """A cat from the chest up, its face towards us. `size` is half the width of the head, in pixels."""
    pen = Pen(canvas, centre, size, tilt, flip)
    if body:
        _body(Pen(canvas, centre, size, tilt * 0.3, flip), coat)
    _ears(pen, coat)
    _head(pen, coat)
    with canvas.clipped(pen.at(smooth(_outline(coat), 5))):
        _markings(pen, coat)
        _muzzle(pen, coat)
        below = pen.at([(0.0, 0.25), (0.0, 1.0)])
        canvas.gradient(pen.at(_outline(coat)), darker(coat.fur, 0.5), below[0], below[1], (0, 70))
    _face(pen, coat, mood)


def draw_paws(canvas: Canvas, coat: Coat, centre: Point, size: float, *, spread: float = 0.62) -> None:
    """Two front paws over a rim; `centre` lies between them."""
    pen = Pen(canvas, centre, size)
    colour = coat.dark if coat.pattern == "points" else coat.pale if coat.pattern in ("blaze", "calico") else coat.fur
    for x in (-spread, spread):
        pen.oval(x + 0.02, 0.07, 0.27, 0.27, INK, alpha=60)
        pen.oval(x, 0.0, 0.26, 0.25, darker(colour, 0.12))
        pen.oval(x, -0.02, 0.24, 0.22, colour)
        for toe in (-0.085, 0.085):
            pen.line([(x + toe, 0.06), (x + toe * 1.05, 0.19)], darker(colour, 0.4), 0.028)


def _outline(coat: Coat) -> list[Point]:
    return whole(FLUFFY_HEAD if coat.long_haired else HEAD)


def _body(pen: Pen, coat: Coat) -> None:
    shoulders = whole(((0.0, 0.2), (0.55, 0.45), (0.86, 0.95), (1.05, 1.7), (1.1, 2.6), (0.0, 2.7)))
    pen.fill(shoulders, darker(coat.fur, 0.16))
    chest = whole(((0.0, 0.5), (0.42, 0.7), (0.5, 1.2), (0.36, 1.8), (0.0, 2.2)))
    if coat.pattern in ("blaze", "calico", "tabby", "cap") or coat.long_haired:
        pen.fill(chest, darker(coat.pale, 0.08))
    if coat.pattern == "tabby":
        for y in (1.1, 1.45, 1.8):
            for side in (-1, 1):
                pen.line([(side * 0.84, y + 0.02), (side * 0.72, y + 0.09), (side * 0.6, y + 0.06)], coat.dark, 0.1)
    shadow = whole(((0.0, 0.6), (0.5, 0.66), (0.72, 0.82), (0.45, 1.05), (0.0, 1.12)))
    pen.fill(shadow, darker(coat.fur, 0.6), 70)


def _ears(pen: Pen, coat: Coat) -> None:
    ear, inner = (SMALL_EAR, INNER_SMALL_EAR) if coat.snub else (EAR, INNER_EAR)
    left, right = _ear_colours(coat)
    pink = mix(coat.nose, (236, 176, 164), 0.6) if max(coat.fur) > 90 else mix(coat.fur, (196, 140, 136), 0.5)
    for points, hollow, colour in ((ear, inner, right), (mirror(ear), mirror(inner), left)):
        pen.fill(points, colour)
        pen.fill(hollow, darker(pink, 0.12))
        if coat.long_haired:
            side = 1 if points[0][0] > 0 else -1
            tuft = [(0.56, -0.56), (0.66, -0.78), (0.70, -0.60), (0.78, -0.70), (0.80, -0.46)]
            pen.fill([(side * x, y) for x, y in tuft], lighter(coat.pale, 0.1), curved=False)


def _ear_colours(coat: Coat) -> tuple[RGB, RGB]:
    """Left and right as the picture shows them."""
    if coat.pattern == "calico":
        return (222, 142, 76), coat.dark
    if coat.pattern in ("points", "cap"):
        return coat.dark, coat.dark
    if coat.pattern == "tortie":
        return coat.fur, coat.dark
    return darker(coat.fur, 0.06), darker(coat.fur, 0.06)


def _head(pen: Pen, coat: Coat) -> None:
    outline = _outline(coat)
    pen.fill([(x * 1.015, y * 1.015 + 0.02) for x, y in outline], darker(coat.fur, 0.32))
    pen.fill(outline, coat.fur)


def _markings(pen: Pen, coat: Coat) -> None:
    draw = {"tabby": _tabby, "blaze": _blaze, "calico": _calico, "points": _points, "tortie": _tortie, "cap": _cap}
    if coat.pattern in draw:
        draw[coat.pattern](pen, coat)


def _tabby(pen: Pen, coat: Coat) -> None:
    for x, top, low in ((0.0, -0.7, -0.30), (0.2, -0.7, -0.34), (-0.2, -0.7, -0.34)):
        pen.line([(x * 1.3, top), (x, (top + low) / 2), (x * 0.8, low)], coat.dark, 0.085)
    for side in (-1, 1):
        pen.line([(side * 0.40, -0.72), (side * 0.42, -0.46), (side * 0.32, -0.30)], coat.dark, 0.08)
        for y in (0.12, 0.30):
            pen.line([(side * 1.05, y - 0.06), (side * 0.82, y), (side * 0.66, y + 0.08)], coat.dark, 0.08)
        pen.oval(side * 0.40, -0.02, 0.30, 0.27, coat.pale, alpha=90)


def _blaze(pen: Pen, coat: Coat) -> None:
    pen.fill(
        whole(((0.0, -0.62), (0.07, -0.3), (0.16, 0.06), (0.44, 0.28), (0.62, 0.62), (0.3, 1.0), (0.0, 1.05))),
        coat.pale,
    )


def _calico(pen: Pen, coat: Coat) -> None:
    pen.fill([(-1.1, -0.9), (-0.3, -0.9), (-0.08, -0.45), (-0.2, -0.02), (-0.55, 0.16), (-1.1, 0.2)], (222, 142, 76))
    pen.fill([(1.1, -0.9), (0.26, -0.9), (0.2, -0.5), (0.36, -0.16), (0.66, -0.08), (1.1, 0.1)], coat.dark)


def _points(pen: Pen, coat: Coat) -> None:
    mask = whole(((0.0, -0.28), (0.3, -0.2), (0.56, 0.1), (0.52, 0.46), (0.3, 0.74), (0.0, 0.84)))
    for step in range(9):
        grow, alpha = 1.26 - 0.06 * step, 34 + 14 * step
        pen.fill([(x * grow, 0.2 + (y - 0.2) * grow) for x, y in mask], coat.dark, alpha)


def _tortie(pen: Pen, coat: Coat) -> None:
    pen.fill([(0.02, -0.8), (0.5, -0.8), (0.56, -0.3), (0.2, 0.0), (0.06, 0.3), (-0.02, -0.2)], coat.dark)
    pen.fill([(-0.95, 0.1), (-0.6, 0.06), (-0.42, 0.4), (-0.5, 0.8), (-0.9, 0.6)], coat.dark, 210)
    pen.fill([(0.6, 0.3), (0.8, 0.2), (0.86, 0.5), (0.62, 0.62)], coat.dark, 200)
    pen.fill([(-0.5, -0.6), (-0.3, -0.62), (-0.28, -0.36), (-0.5, -0.3)], coat.dark, 170)


def _cap(pen: Pen, coat: Coat) -> None:
    for side in (-1, 1):
        pen.fill(
            [(side * x, y) for x, y in ((0.06, -0.8), (1.0, -0.8), (1.0, -0.1), (0.5, -0.22), (0.14, -0.3))], coat.dark
        )


def _muzzle(pen: Pen, coat: Coat) -> None:
    pale = coat.dark if coat.pattern == "points" else coat.pale
    y, wide = (0.32, 0.26) if coat.snub else (0.40, 0.23)
    for side in (-1, 1):
        pen.oval(side * 0.19, y, wide, 0.20, pale)
    pen.oval(0.0, y + 0.18, 0.2, 0.15, pale)


def _face(pen: Pen, coat: Coat, mood: Mood) -> None:
    for side in (-1, 1):
        if mood == "asleep":
            _closed_eye(pen, coat, side * 0.42)
        else:
            _eye(pen, coat, side * 0.42, mood)
    _nose_and_mouth(pen, coat)
    _whiskers(pen, coat)


def _closed_eye(pen: Pen, coat: Coat, x: float) -> None:
    line = darker(coat.fur, 0.75) if max(coat.fur) > 90 else lighter(coat.fur, 0.35)
    pen.line([(x - 0.2, -0.02), (x, 0.09), (x + 0.2, -0.02)], line, 0.05)


def _eye(pen: Pen, coat: Coat, x: float, mood: Mood) -> None:
    rim = darker(coat.fur, 0.72)
    tall = {"awake": 0.215, "curious": 0.235, "sleepy": 0.20, "asleep": 0.0}[mood]
    look = 0.035 if mood == "curious" else 0.0
    y = -0.02
    pen.oval(x, y, 0.235, tall + 0.03, rim)
    pen.oval(x, y, 0.205, tall, coat.eyes)
    pen.oval(x, y + tall * 0.42, 0.15, tall * 0.5, lighter(coat.eyes, 0.35), alpha=150)
    pen.oval(x + look, y - look, 0.085 if mood == "sleepy" else 0.125, tall * 0.88, (24, 22, 30))
    pen.oval(x + look + 0.05, y - look - tall * 0.38, 0.05, 0.055, (255, 255, 255))
    pen.oval(x + look - 0.05, y + tall * 0.4, 0.026, 0.028, (255, 255, 255), alpha=190)
    if mood == "sleepy":
        lid = [(x - 0.25, y + 0.03), (x - 0.13, y - 0.06), (x, y - 0.085), (x + 0.13, y - 0.06), (x + 0.25, y + 0.03)]
        pen.fill([*lid, (x + 0.2, y - 0.24), (x, y - 0.28), (x - 0.2, y - 0.24)], _lid_colour(coat), curved=False)
        pen.line(lid, rim, 0.04)


def _lid_colour(coat: Coat) -> RGB:
    return lighter(coat.dark, 0.1) if coat.pattern == "points" else coat.fur


def _nose_and_mouth(pen: Pen, coat: Coat) -> None:
    y = 0.16 if coat.snub else 0.24
    pale = coat.dark if coat.pattern == "points" else coat.pale
    line = darker(pale, 0.6) if max(pale) > 100 else lighter(pale, 0.25)
    pen.fill(
        [
            (-0.11, y - 0.03),
            (0.0, y - 0.055),
            (0.11, y - 0.03),
            (0.03, y + 0.085),
            (0.0, y + 0.095),
            (-0.03, y + 0.085),
        ],
        coat.nose,
    )
    pen.oval(-0.03, y - 0.015, 0.04, 0.018, lighter(coat.nose, 0.5), alpha=160)
    pen.line([(0.0, y + 0.09), (0.0, y + 0.19)], line, 0.028)
    for side in (-1, 1):
        pen.line([(0.0, y + 0.19), (side * 0.09, y + 0.26), (side * 0.2, y + 0.24)], line, 0.03)


def _whiskers(pen: Pen, coat: Coat) -> None:
    colour = (250, 248, 244) if sum(coat.fur) < 660 else (150, 140, 132)
    for side in (-1, 1):
        for rise in (-0.1, 0.03, 0.16):
            start, end = (side * 0.34, 0.38 + rise * 0.5), (side * 1.12, 0.34 + rise * 1.9)
            middle = (side * 0.72, (start[1] + end[1]) / 2 - 0.04)
            pen.line([start, middle, end], colour, 0.016, 200)
