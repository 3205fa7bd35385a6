"""Backpacks: upright, seen from the side that faces away from the back."""

from dataclasses import dataclass
from itertools import pairwise
from math import hypot

from config.demo.pictures.canvas import Canvas
from config.demo.pictures.colour import INK, RGB, SNOW, darker, lighter, mix
from config.demo.pictures.geometry import Outline, Point, Vec, arch, ellipse, rectangle, smooth
from config.demo.pictures.kennel import vent, vents
from config.demo.pictures.parts import bow, buckle, frame, glass, mesh, name_plate, opening, strap, zipper
from config.demo.pictures.solid import Solid, rounded_profile
from config.demo.pictures.stage import Stage


@dataclass(frozen=True)
class Pack:
    """The faces of a backpack: its front swells towards us, its side is flat."""

    solid: Solid
    length: float
    width: float
    height: float
    top: float  # the radius of its shoulders

    def front(self, u: float, v: float) -> Vec:
        a, r = self.length / 2, self.top
        edge = min(a - abs(u), v, self.height - v)
        over, above = abs(u) - (a - r), v - (self.height - r)
        if over > 0 and above > 0:
            edge = r - hypot(over, above)
        return u, self.solid.start - self.solid.depth_at(max(edge, 0.0)), v

    def side(self, u: float, v: float) -> Vec:
        return -self.length / 2, -u, v

    def outline(self, inset: float) -> Outline:
        """The shape of the front, smaller by `inset`."""
        w, h = self.length - 2 * inset, self.height - 2 * inset
        return arch(w, h, max(46 - inset, 6), max(self.top - inset, 6), (0, self.height / 2))


def draw_backpack(stage: Stage) -> None:
    cut = stage.look.cut
    stage.aim(25, 13, above=30, beyond=[(-stage.length * 0.45, stage.width * 0.5 + 80, stage.height * 0.5)])
    pack = _pack(stage)
    stage.ground([(x, y, 0) for x, y in rectangle(stage.length * 0.9, stage.width * 0.92, 40).points()])
    _shoulder_straps(stage)
    _top_loop(stage)
    stage.solid(pack.solid, stage.paint, gloss=0.22 if cut in ("bubble", "panel") else 0.05)
    _base(stage, pack)
    {"bubble": _bubble, "trail": _trail, "panel": _panel, "flap": _flap, "rings": _rings}[cut](stage, pack)


def _pack(stage: Stage) -> Pack:
    top = {"bubble": 0.48, "trail": 0.24, "panel": 0.36, "flap": 0.20, "rings": 0.42}[stage.look.cut] * stage.length
    outline = arch(stage.length, stage.height, 46, top, (0, stage.height / 2))
    profile = rounded_profile(stage.width, 26, 54, crown=12, reach=50, steps=8)
    solid = Solid(outline, profile, along="y", start=stage.width / 2)
    return Pack(solid, stage.length, stage.width, stage.height, top)


def _shoulder_straps(stage: Stage) -> None:
    back, a, h = stage.width / 2, stage.length / 2, stage.height
    for u, wide in ((0.5, 0.9), (-0.45, 1.15)):
        shape = ((0, 0, 0.93), (-12, 62, 0.84), (-20, 96, 0.56), (-8, 66, 0.24), (0, 0, 0.10))
        line = [(u * a + x, back + y * wide, h * z) for x, y, z in shape]
        strap(stage, smooth(stage.camera.project(line), 10, closed=False), 40, stage.cloth)


def _top_loop(stage: Stage) -> None:
    back, h = stage.width * 0.30, stage.height
    strap(stage, stage.camera.project(bow((-46.0, back, h - 8), (46.0, back, h - 8), 42, square=0.5)), 16, stage.cloth)


def _base(stage: Stage, pack: Pack) -> None:
    """The zip seam along the front's edge, and a stronger foot."""
    line = stage.on(pack.front, pack.outline(20).points())
    stage.canvas.stroke([(x + 2, y + 3) for x, y in line], darker(stage.paint, 0.45), stage.px(4.5), closed=True)
    stage.canvas.stroke(line, lighter(stage.paint, 0.2), stage.px(2.6), closed=True)


def _side_mesh(stage: Stage, pack: Pack, *, low: float = 0.36, tall: float = 0.40) -> None:
    outline = rectangle(stage.width * 0.48, stage.height * tall, 22, 0, stage.height * (low + tall / 2))
    frame(stage, pack.side, outline, 8, stage.cloth, seam=True)
    opening(stage, pack.side, outline)
    mesh(stage, pack.side, outline)


def _pocket(stage: Stage, pack: Pack, *, wide: float, tall: float, low: float, colour: RGB) -> None:
    """A flat pocket with a zip along its upper edge."""
    shape = rectangle(stage.length * wide, stage.height * tall, 24, 0, stage.height * (low + tall / 2))
    frame(stage, pack.front, shape, 4, darker(colour, 0.12))
    stage.canvas.fill(stage.on(pack.front, shape.points()), lighter(colour, 0.06))
    inner = stage.on(pack.front, shape.points(7))
    stage.canvas.dashes([*inner, inner[0]], lighter(colour, 0.45), 3, 9, alpha=180)
    y = stage.height * (low + tall) - 20
    half = stage.length * wide / 2 - 22
    zipper(
        stage, stage.on(pack.front, [(-half + half * i / 5, y) for i in range(11)]), tape=stage.cloth, pull=stage.trim
    )


def _bubble(stage: Stage, pack: Pack) -> None:
    """Orbit: one great round window, ring vents around it."""
    length, height = stage.length, stage.height
    radius = length * 0.335
    v = height * 0.585
    disc = rectangle(2 * radius, 2 * radius, radius, 0, v)
    frame(stage, pack.front, disc, 15, stage.trim, seam=False)
    edge = opening(stage, pack.front, disc, cat=(0, v - radius * 0.16, 76))
    glass(stage, pack.front, disc)
    _bubble_shine(stage.canvas, edge)
    for i in range(9):
        u = (i - 4) * length * 0.072
        ring = height * 0.165 + abs(i - 4) ** 2 * 1.1
        frame(stage, pack.front, rectangle(13, 13, 6.5, u, ring), 3.5, lighter(stage.trim, 0.2))
        vent(stage, pack.front, rectangle(11, 11, 5.5, u, ring), stage.inside)
    _side_mesh(stage, pack)
    name_plate(stage, pack.front, (0, height * 0.098), 16)


def _bubble_shine(canvas: Canvas, edge: list[Point]) -> None:
    xs, ys = [p[0] for p in edge], [p[1] for p in edge]
    x, y, rx, ry = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2, (max(xs) - min(xs)) / 2, (max(ys) - min(ys)) / 2
    crescent = ((-0.80, -0.10), (-0.70, -0.52), (-0.30, -0.84), (-0.12, -0.86), (-0.46, -0.60), (-0.66, -0.28))
    canvas.fill(smooth([(x + u * rx, y + v * ry) for u, v in crescent], 8), SNOW, 150)
    canvas.fill(ellipse(x - 0.74 * rx, y + 0.12 * ry, 0.05 * rx, 0.06 * ry), SNOW, 150)
    canvas.fill(ellipse(x + 0.45 * rx, y + 0.66 * ry, 0.20 * rx, 0.06 * ry), SNOW, 60)


def _trail(stage: Stage, pack: Pack) -> None:
    """Sti: a hiking pack with a lid, a bottle, an elastic cord and a rolled mat."""
    length, height = stage.length, stage.height
    window = rectangle(length * 0.58, height * 0.33, 22, 0, height * 0.58)
    frame(stage, pack.front, window, 11, stage.cloth, seam=True)
    opening(stage, pack.front, window, cat=(0, height * 0.545, 62))
    mesh(stage, pack.front, window)
    _pocket(stage, pack, wide=0.70, tall=0.27, low=0.085, colour=darker(stage.paint, 0.22))
    _cord(stage, pack)
    _bottle(stage, pack)
    roof = arch(length * 0.80, height * 0.15, 14, 40, (0, height * 0.865))
    frame(stage, pack.front, roof, 4, stage.trim, seam=False)
    for u in (-0.2, 0.2):
        line = stage.on(pack.front, [(u * length, height * (0.90 - 0.016 * i)) for i in range(10)])
        strap(stage, line, 13, stage.cloth)
        buckle(stage.canvas, line[-2], stage.px(11), stage.cloth)
    lid = [(-length * 0.42, -60.0), (length * 0.42, -60.0), (length * 0.42, 30.0), (-length * 0.42, 30.0)]
    stage.canvas.blur(stage.camera.project([(x, y, height - 4) for x, y in lid]), INK, 110, 16)
    roll = stage.camera.project([(-length * 0.50, -20.0, height + 16.0), (length * 0.50, -20.0, height + 16.0)])
    stage.canvas.tube(roll, mix(stage.trim, stage.paint, 0.25), stage.px(58))
    spiral = stage.px(29)
    end = roll[0]
    for share in (0.78, 0.48, 0.2):
        stage.canvas.dot(end, spiral * share, darker(stage.trim, 0.35 if share != 0.48 else 0.15))
    for u in (-0.26, 0.26):
        x, y = stage.spot((u * length, -20.0, height + 16.0))
        stage.canvas.stroke([(x, y - stage.px(30)), (x, y + stage.px(30))], stage.cloth, stage.px(12))
    name_plate(stage, pack.front, (0, height * 0.865), 20)


def _cord(stage: Stage, pack: Pack) -> None:
    """An elastic cord crossing over the pocket."""
    half = stage.length * 0.24
    low, high = stage.height * 0.115, stage.height * 0.265
    for side in (-1, 1):
        zigzag = [(side * half * (1 if i % 2 else -1), low + (high - low) * i / 3) for i in range(4)]
        line = stage.on(pack.front, zigzag)
        for piece in pairwise(line):
            stage.canvas.stroke([(x + 2, y + 5) for x, y in piece], INK, 6, alpha=80)
            stage.canvas.stroke(piece, stage.trim, stage.px(3.4))
    for u, v in ((-half, low), (half, low), (-half, high), (half, high)):
        stage.canvas.dot(stage.on(pack.front, [(u, v)])[0], stage.px(5), darker(stage.trim, 0.4))


def _bottle(stage: Stage, pack: Pack) -> None:
    """A drinking bottle in the net on the side."""
    width, height = stage.width, stage.height
    flask = rectangle(62, height * 0.50, 20, 0, height * 0.34)
    neck = rectangle(34, 40, 8, 0, height * 0.62)
    for shape, colour in ((neck, (70, 74, 84)), (flask, (112, 182, 206))):
        stage.canvas.fill([(x + 3, y + 3) for x, y in stage.on(pack.side, shape.points())], darker(colour, 0.4))
        stage.canvas.fill(stage.on(pack.side, shape.points(1)), colour)
    stage.canvas.fill(stage.on(pack.side, rectangle(12, height * 0.36, 6, 16, height * 0.36).points()), SNOW, 120)
    net = rectangle(width * 0.56, height * 0.30, 18, 0, height * 0.22)
    stage.canvas.fill(stage.on(pack.side, net.points()), darker(stage.paint, 0.45), 205)
    mesh(stage, pack.side, net, step=9, alpha=90)
    line = stage.on(pack.side, [(-width * 0.28 + width * 0.056 * i, height * 0.37) for i in range(11)])
    stage.canvas.stroke(line, stage.cloth, stage.px(9))


def _panel(stage: Stage, pack: Pack) -> None:
    """Lookout: a clear front from top to bottom, smoked below."""
    length, height = stage.length, stage.height
    pane = arch(length * 0.66, height * 0.66, 40, 92, (0, height * 0.54))
    frame(stage, pack.front, pane, 14, stage.trim, seam=False)
    opening(stage, pack.front, pane, cat=(0, height * 0.52, 74))
    glass(stage, pack.front, pane, smoke=150)
    vents(stage, pack.front, [(length * 0.085 * i, height * 0.135) for i in range(-3, 4)], (18, 9), radius=4)
    _side_mesh(stage, pack)
    name_plate(stage, pack.front, (0, height * 0.083), 16)


def _flap(stage: Stage, pack: Pack) -> None:
    """Vespera: leather, a rolled-up flap held by two belts, mesh beneath it."""
    length, height, leather = stage.length, stage.height, darker(stage.paint, 0.12)
    window = rectangle(length * 0.64, height * 0.40, 16, 0, height * 0.55)
    frame(stage, pack.front, window, 10, leather, seam=True)
    opening(stage, pack.front, window, cat=(0, height * 0.50, 70))
    mesh(stage, pack.front, window)
    roll = stage.on(pack.front, [(length * (-0.37 + 0.074 * i), height * 0.775) for i in range(11)])
    stage.canvas.blur([*roll, *[(x, y + stage.px(44)) for x, y in roll[::-1]]], INK, 120, 14)
    stage.canvas.tube(roll, lighter(stage.paint, 0.08), stage.px(46))
    for u in (-0.2, 0.2):
        belt = stage.on(pack.front, [(u * length, height * (0.93 - 0.03 * i)) for i in range(8)])
        strap(stage, belt, 22, stage.cloth)
        _brass(stage.canvas, belt[5], stage.px(15))
    _pocket(stage, pack, wide=0.72, tall=0.22, low=0.075, colour=leather)
    pouch = rectangle(stage.width * 0.50, height * 0.36, 16, 0, height * 0.27)
    frame(stage, pack.side, pouch, 3, leather, seam=False)
    inner = stage.on(pack.side, pouch.points(8))
    stage.canvas.dashes([*inner, inner[0]], stage.trim, 3, 9, alpha=190)
    name_plate(stage, pack.front, (0, height * 0.145), 18, ground=stage.trim)


def _brass(canvas: Canvas, centre: Point, size: float) -> None:
    x, y = centre
    brass = (214, 176, 96)
    outline = rectangle(2 * size, 1.7 * size, size * 0.35, x, y).points()
    canvas.tube(outline, brass, size * 0.36, closed=True)
    canvas.stroke([(x, y - size * 0.1), (x, y + size * 0.9)], brass, size * 0.25)


def _rings(stage: Stage, pack: Pack) -> None:
    """Bramble: two ring windows, the cat in one and her tail in the other, and a belt of mesh."""
    length, height = stage.length, stage.height
    radius = length * 0.185
    left, right = -length * 0.212, length * 0.212
    for u, cat in ((left, (left, height * 0.63, 56.0)), (right, None)):
        ring = rectangle(2 * radius, 2 * radius, radius, u, height * 0.655)
        frame(stage, pack.front, ring, 12, stage.trim, seam=True)
        edge = opening(stage, pack.front, ring, cat=cat)
        if cat is None:
            with stage.canvas.clipped(edge):
                _tail(stage, stage.on(pack.front, [(u, height * 0.655)])[0], stage.px(radius))
        mesh(stage, pack.front, ring, step=8, alpha=50)
    belt = rectangle(length * 0.76, height * 0.15, 24, 0, height * 0.36)
    frame(stage, pack.front, belt, 8, stage.cloth, seam=True)
    opening(stage, pack.front, belt)
    mesh(stage, pack.front, belt)
    _pocket(stage, pack, wide=0.74, tall=0.155, low=0.07, colour=darker(stage.paint, 0.18))
    _side_mesh(stage, pack, low=0.28, tall=0.46)
    name_plate(stage, pack.front, (0, height * 0.895), 17)


def _tail(stage: Stage, centre: Point, size: float) -> None:
    x, y = centre
    fur = stage.look.fur
    shape = ((-0.5, 1.1), (-0.2, 0.5), (0.25, 0.1), (0.2, -0.35), (-0.12, -0.5))
    line = smooth([(x + u * size, y + v * size) for u, v in shape], 10, closed=False)
    stage.canvas.stroke([(px + 4, py + 3) for px, py in line], darker(fur.fur, 0.4), size * 0.46)
    stage.canvas.stroke(line, fur.fur, size * 0.42)
    stage.canvas.stroke(line[-12:], fur.dark, size * 0.42)
