"""Parts that many containers share: windows, mesh, doors, straps, handles, labels."""

from collections.abc import Sequence
from functools import lru_cache
from math import cos, pi, sin

from PIL import Image, ImageDraw, ImageFont

from config.demo.pictures.canvas import Canvas
from config.demo.pictures.cat import draw_paws
from config.demo.pictures.colour import INK, RGB, SNOW, darker, lighter, luminance, mix
from config.demo.pictures.geometry import Outline, Point, Vec, rectangle
from config.demo.pictures.stage import Face, Stage

Line = tuple[Point, Point]


def extent(points: Sequence[Point]) -> tuple[float, float, float, float]:
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    return min(xs), min(ys), max(xs), max(ys)


def opening(
    stage: Stage, face: Face, outline: Outline, *, cat: tuple[float, float, float] | None = None
) -> list[Point]:
    """A dark hole in a face, with the cat at (u, v) in it, her half head `cat[2]` mm wide. Returns its edge."""
    canvas, edge = stage.canvas, stage.on(face, outline.points())
    canvas.fill(edge, stage.inside)
    left, top, right, bottom = extent(edge)
    with canvas.clipped(edge):
        canvas.glow(
            ((left + right) / 2, bottom), (right - left) * 0.75, (bottom - top) * 0.8, lighter(stage.inside, 0.3), 150
        )
        if cat is not None:
            stage.cat(face(cat[0], cat[1]), cat[2])
    canvas.gradient(edge, INK, (left, top), (left, top + (bottom - top) * 0.4), (150, 0))
    return edge


def peek(stage: Stage, face: Face, outline: Outline, *, half_head: float, rise: float, at: Point = (0.0, 0.0)) -> None:
    """A hole in the top with the cat looking out of it, paws on the near rim; `rise` is the face's height above it."""
    canvas, edge = stage.canvas, stage.on(face, outline.points())
    canvas.fill(edge, stage.inside)
    near = _near_edge(edge)
    canvas.gradient(
        edge, lighter(stage.inside, 0.3), (0, near[0][1] - stage.px(30)), (0, near[0][1] + stage.px(40)), (0, 160)
    )
    roof = [
        (near[-1][0] + 900, near[-1][1]),
        (near[-1][0] + 900, 0),
        (near[0][0] - 900, 0),
        (near[0][0] - 900, near[0][1]),
    ]
    x, y, z = face(*at)
    with canvas.clipped([*near, *roof]):
        stage.cat((x, y, z + rise), half_head)
    middle = stage.spot((x, y, z))[0]
    low = min(near, key=lambda p: abs(p[0] - middle))
    draw_paws(canvas, stage.look.fur, (middle, low[1] + stage.px(half_head) * 0.06), stage.px(half_head))


def _near_edge(edge: Sequence[Point]) -> list[Point]:
    """The lower side of an outline, from its leftmost to its rightmost point."""
    first, last = edge.index(min(edge)), edge.index(max(edge))
    ahead = [edge[i % len(edge)] for i in range(first, last + 1 + (len(edge) if last < first else 0))]
    back = [edge[i % len(edge)] for i in range(last, first + 1 + (len(edge) if first < last else 0))][::-1]
    return max(ahead, back, key=lambda line: sum(p[1] for p in line) / len(line))


def frame(stage: Stage, face: Face, outline: Outline, width: float, colour: RGB, *, seam: bool = False) -> None:
    """A raised rim around an opening; draw it before the opening."""
    canvas = stage.canvas
    canvas.blur([(x + 4, y + 8) for x, y in stage.on(face, outline.points(-width))], INK, 90, 8)
    canvas.fill(stage.on(face, outline.points(-width)), darker(colour, 0.28))
    lifted = [(x - 2, y - 3) for x, y in stage.on(face, outline.points(-width * 0.92))]
    canvas.fill(lifted, colour)
    if seam:
        line = stage.on(face, outline.points(-width * 0.5))
        ink = darker(colour, 0.35) if luminance(colour) > 0.5 else lighter(colour, 0.35)
        canvas.dashes([*line, line[0]], ink, 3, 9, alpha=190)


def mesh(stage: Stage, face: Face, outline: Outline, *, step: float = 7.0, colour: RGB = SNOW, alpha: int = 74) -> None:
    """Fine net in an opening; on a dark hole it is pale, and the cat shows through."""
    points = outline.points()
    left, low, right, high = extent(points)
    lines: list[Line] = []
    for i in range(int((right - left) / step) + 1):
        u = left + i * step
        lines.append(_line(stage, face, (u, low), (u, high)))
    for i in range(int((high - low) / step) + 1):
        v = low + i * step
        lines.append(_line(stage, face, (left, v), (right, v)))
    stage.canvas.hatch(stage.on(face, points), lines, colour, 2, alpha)


def _line(stage: Stage, face: Face, start: Point, end: Point) -> Line:
    a, b = stage.on(face, (start, end))
    return a, b


def bars(
    stage: Stage, face: Face, outline: Outline, *, across: int, along: int, colour: RGB, width: float = 4.5
) -> None:
    """A grid of round metal bars within an outline: `across` upright ones and `along` lying ones."""
    points = outline.points()
    left, low, right, high = extent(points)
    edge = stage.on(face, points)
    with stage.canvas.clipped(edge):
        for i in range(1, along + 1):
            v = low + (high - low) * i / (along + 1)
            stage.canvas.tube(_line(stage, face, (left, v), (right, v)), darker(colour, 0.12), stage.px(width))
        for i in range(1, across + 1):
            u = left + (right - left) * i / (across + 1)
            stage.canvas.tube(_line(stage, face, (u, low), (u, high)), colour, stage.px(width))


def glass(stage: Stage, face: Face, outline: Outline, *, smoke: int = 0) -> None:
    """A clear pane: a slanting reflection, a bright edge, and smoke from below if wanted."""
    canvas, edge = stage.canvas, stage.on(face, outline.points())
    left, top, right, bottom = extent(edge)
    wide, tall = right - left, bottom - top
    if smoke:
        canvas.gradient(edge, INK, (left, top + tall * 0.45), (left, bottom), (0, smoke))
    with canvas.clipped(edge):
        for start, thick in ((0.16, 0.13), (0.36, 0.05)):
            x = left + wide * start
            streak = [
                (x + wide * 0.3, top),
                (x + wide * (0.3 + thick), top),
                (x + wide * thick - wide * 0.12, bottom),
                (x - wide * 0.12, bottom),
            ]
            canvas.gradient(streak, SNOW, (left, top), (left, bottom), (105, 20))
    canvas.stroke(edge, SNOW, 4, alpha=110, closed=True)


def bow(
    start: Vec, end: Vec, rise: float, *, lean: Vec = (0.0, 0.0, 0.0), steps: int = 24, square: float = 0.55
) -> list[Vec]:
    """A handle's line between two places: up, over and down. `lean` moves its middle sideways."""
    line = []
    for i in range(steps + 1):
        t = i / steps
        along, up = (1 - cos(pi * t)) / 2, max(sin(pi * t), 0.0) ** square
        line.append(
            (
                start[0] + (end[0] - start[0]) * along + lean[0] * up,
                start[1] + (end[1] - start[1]) * along + lean[1] * up,
                start[2] + (end[2] - start[2]) * along + lean[2] * up + rise * up,
            )
        )
    return line


def strap(stage: Stage, line: Sequence[Point], width: float, colour: RGB) -> None:
    """Flat webbing with two seams; `width` in millimetres."""
    canvas, wide = stage.canvas, stage.px(width)
    canvas.stroke(line, darker(colour, 0.38), wide, alpha=255)
    canvas.stroke([(x - 1.5, y - 2) for x, y in line], colour, wide * 0.86)
    ink = lighter(colour, 0.45) if luminance(colour) < 0.6 else darker(colour, 0.25)
    for part in (-0.3, 0.3):
        seam = [(x + part * wide * 0.6, y + part * wide * 0.6) for x, y in line]
        canvas.dashes(seam, ink, 2.5, 8, alpha=150)


def zipper(stage: Stage, line: Sequence[Point], *, tape: RGB, pull: RGB) -> None:
    """A zip: tape, teeth, and a slider at the end of the line."""
    canvas = stage.canvas
    canvas.stroke(line, tape, stage.px(7))
    canvas.dashes(line, lighter(tape, 0.5), stage.px(3.2), 6)
    x, y = line[-1]
    tab = stage.px(5)
    canvas.stroke([(x, y), (x + tab * 0.3, y + tab * 3.4)], darker(pull, 0.3), tab * 1.1)
    canvas.stroke([(x, y), (x + tab * 0.3, y + tab * 3.2)], pull, tab * 0.7)
    canvas.dot((x, y), tab * 0.9, darker(pull, 0.35))


def buckle(canvas: Canvas, centre: Point, size: float, colour: RGB) -> None:
    """A side-release buckle seen from the front."""
    x, y = centre
    canvas.fill(_tablet(x + 2, y + 4, size * 1.12, size * 0.82), darker(colour, 0.5))
    canvas.fill(_tablet(x, y, size * 1.08, size * 0.76), colour)
    canvas.fill(_tablet(x, y, size * 0.62, size * 0.34), darker(colour, 0.4))
    canvas.fill(_tablet(x, y - size * 0.26, size * 0.8, size * 0.08), lighter(colour, 0.5), 150)


def _tablet(x: float, y: float, w: float, h: float) -> list[Point]:
    return rectangle(2 * w, 2 * h, min(w, h) * 0.4, x, y).points()


def place_art(stage: Stage, face: Face, artwork: Image.Image, centre: Point, width: float) -> None:
    """Stick artwork on a face, `width` millimetres wide, readable from whichever side we look."""
    height = width * artwork.height / artwork.width
    u, v = centre
    side = -1 if stage.look.mirrored else 1
    corners = (
        (u - side * width / 2, v + height / 2),
        (u + side * width / 2, v + height / 2),
        (u - side * width / 2, v - height / 2),
    )
    stage.canvas.art(artwork, *stage.on(face, corners))


@lru_cache(maxsize=64)
def badge(text: str, ground: RGB, ink: RGB) -> Image.Image:
    """A sewn-on or moulded name plate."""
    font = ImageFont.load_default(54)
    box = font.getbbox(text.upper())
    width, height = round(box[2]) + 60, 96
    image = Image.new("RGBA", (width, height), (*ground, 0))
    pen = ImageDraw.Draw(image)
    pen.rounded_rectangle((0, 0, width - 1, height - 1), 18, fill=(*darker(ground, 0.25), 255))
    pen.rounded_rectangle((3, 2, width - 5, height - 7), 16, fill=(*ground, 255))
    pen.text((width / 2, height / 2 - 2), text.upper(), fill=(*ink, 255), font=font, anchor="mm")
    return image


def name_plate(stage: Stage, face: Face, centre: Point, height: float, ground: RGB | None = None) -> None:
    """The brand's plate, `height` millimetres tall."""
    colour = ground or mix(stage.paint, SNOW, 0.75)
    ink = darker(stage.paint, 0.55) if luminance(colour) > 0.5 else mix(colour, SNOW, 0.8)
    artwork = badge(stage.brand, colour, ink)
    place_art(stage, face, artwork, centre, height * artwork.width / artwork.height)
