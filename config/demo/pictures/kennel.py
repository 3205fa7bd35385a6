"""What hard kennels and airline crates have in common: two shells, a flange, vents, a grid door and a handle."""

from collections.abc import Iterable
from math import cos, pi, sin

from config.demo.pictures.colour import INK, RGB, SNOW, darker, lighter
from config.demo.pictures.geometry import Outline, Point, rectangle
from config.demo.pictures.parts import bars, bow, frame, opening
from config.demo.pictures.solid import Profile, Solid, visible
from config.demo.pictures.stage import Box, Face, Stage

STEEL: RGB = (190, 196, 204)


def shells(
    stage: Stage, *, split: float, corner: float, top: float, bottom: float = 22, lean: tuple[float, float] = (16, 20)
) -> Box:
    """Two shells that are widest where they meet, at `split` of the height; `lean` is what each loses on the way."""
    profile = _profile(stage.height, stage.height * split, bottom, top, lean)
    solid = Solid(rectangle(stage.length, stage.width, corner), profile)
    return Box(solid, stage.length, stage.width, stage.height, corner)


def _profile(height: float, middle: float, bottom: float, top: float, lean: tuple[float, float]) -> Profile:
    steps = 6
    crown = 8.0
    flat = height - crown

    def leaning(z: float) -> float:
        return lean[0] * (1 - z / middle) if z < middle else lean[1] * (z - middle) / (flat - middle)

    floor = [(bottom * (1 - cos(pi / 2 * i / steps)), bottom * (1 - sin(pi / 2 * i / steps))) for i in range(steps)]
    walls = [(bottom + (middle - bottom) * i / 3, 0.0) for i in range(3)]
    walls += [(middle + (flat - top - middle) * i / 4, 0.0) for i in range(5)]
    roof = [
        (flat - top + top * sin(pi / 2 * i / steps), top * (1 - cos(pi / 2 * i / steps))) for i in range(1, steps + 1)
    ]
    profile = [(z, inset + leaning(z)) for z, inset in (*floor, *walls, *roof)]
    last = profile[-1][1]
    return [*profile, *((flat + crown * sin(pi / 2 * i / 4), last + 9 * i) for i in range(1, 5))]


def paint_shells(stage: Stage, box: Box, *, split: float, lower: RGB, upper: RGB, flange: RGB, lip: float = 9) -> None:
    middle = box.height * split
    stage.ground(box.solid.at(10))
    stage.solid(box.solid.part(0, middle), lower, gloss=0.30, capped=False)
    stage.solid(box.solid.part(middle, box.height), upper, gloss=0.30)
    shadow = visible(stage.camera, box.solid.at(middle - 9, 2))
    stage.canvas.stroke([(x, y + 6) for x, y in shadow], INK, stage.px(8), alpha=60)
    stage.solid(box.solid.part(middle - 8, middle + 8, lip), flange, gloss=0.25, capped=False)
    rim = visible(stage.camera, box.solid.at(middle + 8, lip))
    stage.canvas.stroke(rim, lighter(flange, 0.45), stage.px(2.4))


def vent(stage: Stage, face: Face, outline: Outline, dark: RGB) -> None:
    """A hole in a shell, with the light caught on its lower edge."""
    edge = stage.on(face, outline.points())
    stage.canvas.fill([(x + 1, y + 4) for x, y in edge], lighter(stage.paint, 0.5))
    stage.canvas.fill(edge, dark)


def vents(
    stage: Stage, face: Face, centres: Iterable[Point], size: Point, *, radius: float, dark: RGB | None = None
) -> None:
    for u, v in centres:
        vent(stage, face, rectangle(size[0], size[1], radius, u, v), dark or stage.inside)


def rows(across: int, up: int, step: Point, centre: Point, *, staggered: bool = False) -> list[Point]:
    """Centres in a regular grid around a point."""
    found: list[Point] = []
    for j in range(up):
        shift = step[0] / 4 * (1 if j % 2 else -1) if staggered else 0.0
        left, v = centre[0] - (across - 1) / 2 * step[0] + shift, centre[1] + (j - (up - 1) / 2) * step[1]
        found += [(left + i * step[0], v) for i in range(across)]
    return found


def ribs(
    stage: Stage, face: Face, places: Iterable[float], *, low: float, high: float, width: float, colour: RGB
) -> None:
    """Upright ridges that stiffen a shell."""
    for u in places:
        ridge = rectangle(width, high - low, width / 2, u, (low + high) / 2)
        stage.canvas.fill([(x + 3, y + 2) for x, y in stage.on(face, ridge.points())], darker(colour, 0.28))
        stage.canvas.fill(stage.on(face, ridge.points()), lighter(colour, 0.12))
        stage.canvas.fill(stage.on(face, ridge.points(width * 0.28)), lighter(colour, 0.26))


def grid_door(
    stage: Stage,
    face: Face,
    outline: Outline,
    *,
    rim: float,
    colour: RGB,
    grid: tuple[int, int],
    metal: RGB = STEEL,
    half_head: float | None = None,
    bar: float = 3.6,
) -> None:
    """A framed door of bars with the cat behind it, hinges on one side and a latch on the other."""
    xs, ys = [p[0] for p in outline.points()], [p[1] for p in outline.points()]
    left, right, low, high = min(xs), max(xs), min(ys), max(ys)
    frame(stage, face, outline, rim, colour)
    head = half_head or min((right - left) * 0.34, 66)
    opening(stage, face, outline, cat=((left + right) / 2, low + (high - low) * 0.46, head))
    bars(stage, face, outline, across=grid[0], along=grid[1], colour=metal, width=bar)
    edge = stage.on(face, outline.points(1.5))
    stage.canvas.stroke([(x + 2, y + 3) for x, y in edge], darker(metal, 0.55), stage.px(6.5), closed=True)
    stage.canvas.stroke(edge, metal, stage.px(5.5), closed=True)
    stage.canvas.stroke([(x - 2, y - 2) for x, y in edge], lighter(metal, 0.7), stage.px(1.6), closed=True)
    for v in (low + (high - low) * 0.2, low + (high - low) * 0.8):
        pin = stage.on(face, [(left - rim * 0.5, v - 14), (left - rim * 0.5, v + 14)])
        stage.canvas.tube(pin, metal, stage.px(8))
    _latch(stage, face, (right - 2, (low + high) / 2), metal)


def _latch(stage: Stage, face: Face, centre: Point, metal: RGB) -> None:
    u, v = centre
    plate = rectangle(20, 62, 6, u, v)
    frame(stage, face, plate, 1.5, darker(metal, 0.1))
    bolt = stage.on(face, [(u + 1, v - 20), (u + 1, v + 20)])
    stage.canvas.tube(bolt, lighter(metal, 0.2), stage.px(7))
    stage.canvas.dot(stage.on(face, [(u + 1, v)])[0], stage.px(6), darker(metal, 0.45))


def clips(stage: Stage, face: Face, places: Iterable[float], level: float, colour: RGB) -> None:
    """Latches over the flange."""
    for u in places:
        body = rectangle(30, 50, 8, u, level)
        stage.canvas.blur([(x + 3, y + 7) for x, y in stage.on(face, body.points())], INK, 110, 7)
        stage.canvas.fill(stage.on(face, body.points()), darker(colour, 0.35))
        stage.canvas.fill([(x - 2, y - 3) for x, y in stage.on(face, body.points(1.5))], colour)
        stage.canvas.fill(stage.on(face, rectangle(18, 8, 4, u, level + 12).points()), lighter(colour, 0.5))
        stage.canvas.fill(stage.on(face, rectangle(18, 12, 4, u, level - 12).points()), darker(colour, 0.3))


def bolts(stage: Stage, face: Face, places: Iterable[float], level: float) -> None:
    """Metal bolts with wing nuts through the flange."""
    for u in places:
        x, y = stage.on(face, [(u, level)])[0]
        size = stage.px(9)
        stage.canvas.dot((x + 2, y + 4), size, darker(STEEL, 0.7))
        stage.canvas.dot((x, y), size, STEEL)
        stage.canvas.dot((x - size * 0.2, y - size * 0.25), size * 0.55, lighter(STEEL, 0.6))
        stage.canvas.dot((x, y), size * 0.3, darker(STEEL, 0.5))


def top_handle(
    stage: Stage, box: Box, colour: RGB, *, reach: float = 0.19, rise: float = 46, thick: float = 20
) -> None:
    """A carrying handle along the roof."""
    z, half = box.height - 3, box.length * reach
    line = stage.camera.project(bow((-half, 0.0, z), (half, 0.0, z), rise, square=0.32))
    foot = stage.camera.project([(-half, 0.0, z), (half, 0.0, z)])
    for x, y in foot:
        stage.canvas.oval((x + 3, y + 3), stage.px(24), stage.px(12), darker(colour, 0.5))
        stage.canvas.oval((x, y), stage.px(22), stage.px(10), colour)
    stage.canvas.blur([(x + 8, y + stage.px(rise) + 4) for x, y in line[4:-4]], INK, 70, 10)
    stage.canvas.tube(line, colour, stage.px(thick))
    stage.canvas.stroke(line[9:-9], lighter(colour, 0.12), stage.px(thick * 1.15))
    stage.canvas.stroke([(x - 2, y - 4) for x, y in line[10:-10]], SNOW, stage.px(2.4), alpha=120)
