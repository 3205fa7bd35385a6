"""Outlines in the plane, vectors in space, and the camera between them.

Space: x along the length, y away from the viewer, z up, in millimetres, the container's middle at x = y = 0 and its
floor at z = 0. Pictures: pixels of the supersampled canvas, y down.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import cos, hypot, pi, radians, sin, sqrt, tan

Point = tuple[float, float]
Vec = tuple[float, float, float]


def cross(a: Vec, b: Vec) -> Vec:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def dot(a: Vec, b: Vec) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def unit(a: Vec) -> Vec:
    size = sqrt(dot(a, a)) or 1.0
    return a[0] / size, a[1] / size, a[2] / size


def arc(centre: Point, radii: Point, start: float, end: float, *, steps: int = 16) -> list[Point]:
    """Points on an ellipse between two angles in degrees, anticlockwise where y points up."""
    angles = (radians(start + (end - start) * i / steps) for i in range(steps + 1))
    return [(centre[0] + radii[0] * cos(a), centre[1] + radii[1] * sin(a)) for a in angles]


def ellipse(cx: float, cy: float, rx: float, ry: float, steps: int = 40) -> list[Point]:
    return arc((cx, cy), (rx, ry), 0, 360 * (steps - 1) / steps, steps=steps - 1)


def smooth(points: Sequence[Point], steps: int = 6, *, closed: bool = True) -> list[Point]:
    """A Catmull-Rom curve through all points."""
    count = len(points)
    curve: list[Point] = []
    for i in range(count if closed else count - 1):
        a, b, c, d = (points[_neighbour(i + k, count, closed=closed)] for k in (-1, 0, 1, 2))
        shares = [step / steps for step in range(steps)]
        curve += [(_spline(a[0], b[0], c[0], d[0], t), _spline(a[1], b[1], c[1], d[1], t)) for t in shares]
    return curve if closed else [*curve, points[-1]]


def _neighbour(index: int, count: int, *, closed: bool) -> int:
    return index % count if closed else min(max(index, 0), count - 1)


def _spline(a: float, b: float, c: float, d: float, t: float) -> float:
    return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))


@dataclass(frozen=True)
class Outline:
    """A convex polygon with rounded corners, anticlockwise; the same number of points whatever the inset."""

    corners: tuple[Point, ...]
    radii: tuple[float, ...]
    per_corner: int = 7
    per_edge: int = 5

    def points(self, inset: float = 0.0, least_radius: float = 2.0) -> list[Point]:
        corners = _inset(self.corners, inset) if inset else list(self.corners)
        count = len(corners)
        rounded = [
            _round_corner(
                corners[i - 1],
                corners[i],
                corners[(i + 1) % count],
                max(self.radii[i] - inset, least_radius),
                self.per_corner,
            )
            for i in range(count)
        ]
        outline: list[Point] = []
        for i in range(count):
            outline += rounded[i]
            outline += _between(rounded[i][-1], rounded[(i + 1) % count][0], self.per_edge)
        return outline


def _between(a: Point, b: Point, pieces: int) -> list[Point]:
    return [(a[0] + (b[0] - a[0]) * i / pieces, a[1] + (b[1] - a[1]) * i / pieces) for i in range(1, pieces)]


def _inset(corners: Sequence[Point], inset: float) -> list[Point]:
    """Every edge moved inwards by `inset`, and the corners where the moved edges meet."""
    moved = []
    for i in range(len(corners)):
        before, here, after = corners[i - 1], corners[i], corners[(i + 1) % len(corners)]
        d1, d2 = _direction(before, here), _direction(here, after)
        n1, n2 = (-d1[1], d1[0]), (-d2[1], d2[0])
        share = inset / max(1 + n1[0] * n2[0] + n1[1] * n2[1], 0.2)
        moved.append((here[0] + (n1[0] + n2[0]) * share, here[1] + (n1[1] + n2[1]) * share))
    return moved


def _direction(a: Point, b: Point) -> Point:
    size = hypot(b[0] - a[0], b[1] - a[1]) or 1.0
    return (b[0] - a[0]) / size, (b[1] - a[1]) / size


def _round_corner(before: Point, here: Point, after: Point, radius: float, steps: int) -> list[Point]:
    d1, d2 = _direction(before, here), _direction(here, after)
    turn = d1[0] * d2[0] + d1[1] * d2[1]
    half = sqrt(max((1 - turn) / (1 + turn), 1e-6)) if turn > -1 else tan(pi / 2.01)  # tan of half the turning angle
    shortest = min(hypot(here[0] - before[0], here[1] - before[1]), hypot(after[0] - here[0], after[1] - here[1]))
    back = min(radius * half, shortest * 0.495)
    start = (here[0] - d1[0] * back, here[1] - d1[1] * back)
    end = (here[0] + d2[0] * back, here[1] + d2[1] * back)
    bend = []
    for i in range(steps + 1):
        # a rational quadratic curve is the exact circle arc for this corner
        t, weight = i / steps, 1 / sqrt(1 + half * half)
        a, b, c = (1 - t) ** 2, 2 * t * (1 - t) * weight, t * t
        bend.append(
            (
                (a * start[0] + b * here[0] + c * end[0]) / (a + b + c),
                (a * start[1] + b * here[1] + c * end[1]) / (a + b + c),
            )
        )
    return bend


def rectangle(width: float, height: float, radius: float, cx: float = 0.0, cy: float = 0.0) -> Outline:
    return arch(width, height, radius, radius, (cx, cy))


def arch(width: float, height: float, bottom: float, top: float, centre: Point = (0.0, 0.0)) -> Outline:
    """A rectangle with its own radius below (small y) and above."""
    (cx, cy), a, b = centre, width / 2, height / 2
    corners = ((cx - a, cy - b), (cx + a, cy - b), (cx + a, cy + b), (cx - a, cy + b))
    return Outline(corners, (bottom, bottom, top, top))


@dataclass(frozen=True)
class Camera:
    """An orthographic view of the front and of one end: no vanishing points, so proportions stay true."""

    turn: float  # degrees between the long side and the picture
    tilt: float  # degrees from which we look down
    scale: float = 1.0
    origin: Point = (0.0, 0.0)
    mirrored: bool = False

    @property
    def right(self) -> Vec:
        return cos(radians(self.turn)), -sin(radians(self.turn)), 0.0

    @property
    def up(self) -> Vec:
        turn, tilt = radians(self.turn), radians(self.tilt)
        return sin(turn) * sin(tilt), cos(turn) * sin(tilt), cos(tilt)

    @property
    def towards(self) -> Vec:
        turn, tilt = radians(self.turn), radians(self.tilt)
        return -sin(turn) * cos(tilt), -cos(turn) * cos(tilt), sin(tilt)

    def project(self, points: Iterable[Vec]) -> list[Point]:
        (rx, ry, _), (ux, uy, uz) = self.right, self.up
        across = -self.scale if self.mirrored else self.scale
        ox, oy = self.origin
        return [(ox + across * (x * rx + y * ry), oy - self.scale * (x * ux + y * uy + z * uz)) for x, y, z in points]

    def fitted(self, extent: Sequence[Vec], centre: Point, room: Point, zoom: float) -> "Camera":
        """The same view, moved and scaled so that the extent fills `zoom` of the room around the centre."""
        flat = Camera(self.turn, self.tilt, mirrored=self.mirrored).project(extent)
        left, right = min(p[0] for p in flat), max(p[0] for p in flat)
        top, bottom = min(p[1] for p in flat), max(p[1] for p in flat)
        scale = zoom * min(room[0] / (right - left), room[1] / (bottom - top))
        origin = (centre[0] - scale * (left + right) / 2, centre[1] - scale * (top + bottom) / 2)
        return Camera(self.turn, self.tilt, scale, origin, self.mirrored)
