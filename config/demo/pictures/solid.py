"""Solids with rounded edges, shaded by where the light comes from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import cos, pi, sin

from config.demo.pictures.canvas import Canvas
from config.demo.pictures.colour import RGB, SNOW, mix, ramp
from config.demo.pictures.geometry import Camera, Outline, Point, Vec, cross, dot, unit

LIGHT = (-0.30, 0.72, 0.62)  # right, up, towards us
Profile = Sequence[tuple[float, float]]  # (distance along the axis, inset of the outline there)


@dataclass(frozen=True)
class Material:
    colour: RGB
    gloss: float = 0.0  # strength of the highlight: cloth 0, plastic 0.3, metal 0.5
    contrast: float = 1.0


def rounded_profile(
    length: float, start: float, end: float, *, crown: float = 0.0, reach: float = 0.0, steps: int = 6
) -> Profile:
    """A profile with a quarter round at both ends, and a crown that rises by `crown` while it closes by `reach`."""
    flat = length - crown
    profile = [(start * (1 - cos(pi / 2 * i / steps)), start * (1 - sin(pi / 2 * i / steps))) for i in range(steps)]
    body = 6
    profile += [(start + (flat - end - start) * i / body, 0.0) for i in range(body)]
    profile += [
        (flat - end * (1 - sin(pi / 2 * i / steps)), end * (1 - cos(pi / 2 * i / steps))) for i in range(steps + 1)
    ]
    for i in range(1, 6 if reach else 1):
        profile.append((flat + crown * sin(pi / 2 * i / 5), end + reach * i / 5))
    return profile


@dataclass(frozen=True)
class Solid:
    """An outline carried along an axis: upwards (`along="z"`), or towards the viewer (`along="y"`)."""

    outline: Outline
    profile: Profile
    along: str = "z"
    start: float = 0.0
    bulge: float = 0.0  # how far the sides swell in the middle, mm

    def rings(self) -> list[list[Vec]]:
        return [self._ring(s, inset) for s, inset in self.profile]

    def _ring(self, s: float, inset: float) -> list[Vec]:
        return [self.place(p, s) for p in self._swollen(self.outline.points(inset), s)]

    def place(self, point: Point, s: float) -> Vec:
        if self.along == "z":
            return point[0], point[1], self.start + s
        return point[0], self.start - s, point[1]

    def inset_at(self, s: float) -> float:
        """The inset of the outline at a distance along the axis."""
        for (s0, i0), (s1, i1) in pairwise(self.profile):
            if s <= s1 and s1 > s0:
                return i0 + (i1 - i0) * max(s - s0, 0) / (s1 - s0)
        return self.profile[-1][1]

    def depth_at(self, inset: float) -> float:
        """How far along the axis the far face lies where the outline has shrunk by `inset`."""
        for (s0, i0), (s1, i1) in zip(self.profile[-2::-1], self.profile[:0:-1], strict=True):
            if i0 <= inset <= i1 and i1 > i0:
                return s0 + (s1 - s0) * (inset - i0) / (i1 - i0)
        return self.profile[-1][0] if inset > 0 else self.profile[-2][0]

    def swell(self, point: Point, s: float) -> Point:
        """How far the surface near this outline point is swollen outwards in x and in y."""
        xs, ys = [c[0] for c in self.outline.corners], [c[1] for c in self.outline.corners]
        a, b = (max(xs) - min(xs)) / 2, (max(ys) - min(ys)) / 2
        length = self.profile[-1][0]
        tall = self.bulge * max(0.0, 1 - (2 * s / length - 1) ** 2)
        u, v = (point[0] - (max(xs) + min(xs)) / 2) / a, (point[1] - (max(ys) + min(ys)) / 2) / b
        return tall * max(0.0, 1 - v * v) * u, tall * max(0.0, 1 - u * u) * v

    def _swollen(self, points: list[Point], s: float) -> list[Point]:
        if not self.bulge:
            return points
        moved = []
        for p in points:
            dx, dy = self.swell(p, s)
            moved.append((p[0] + dx, p[1] + dy))
        return moved

    def part(self, first: float, last: float, grow: float = 0.0) -> "Solid":
        """The piece between two distances along the axis, its outline grown: a band or a lip around the solid."""
        inside = [first, *(s for s, _ in self.profile if first < s < last), last]
        return replace(self, profile=[(s, self.inset_at(s) - grow) for s in inside])

    def at(self, s: float, grow: float = 0.0) -> list[Vec]:
        """The ring around the solid at a distance along the axis."""
        return self._ring(s, self.inset_at(s) - grow)


@dataclass(frozen=True)
class Lamp:
    """How bright a surface looks from this camera."""

    camera: Camera

    def __post_init__(self) -> None:
        right, up, towards = self.camera.right, self.camera.up, self.camera.towards
        side = -LIGHT[0] if self.camera.mirrored else LIGHT[0]
        light = unit(
            (
                side * right[0] + LIGHT[1] * up[0] + LIGHT[2] * towards[0],
                side * right[1] + LIGHT[1] * up[1] + LIGHT[2] * towards[1],
                side * right[2] + LIGHT[1] * up[2] + LIGHT[2] * towards[2],
            )
        )
        object.__setattr__(self, "light", light)
        object.__setattr__(self, "half", unit((light[0] + towards[0], light[1] + towards[1], light[2] + towards[2])))

    light: Vec = (0.0, 0.0, 1.0)
    half: Vec = (0.0, 0.0, 1.0)

    def tone(self, normal: Vec, material: Material, shade: float = 1.0) -> RGB:
        lit = 0.5 + 0.5 * dot(normal, self.light)
        level = (0.5 + (lit - 0.62) * material.contrast) * shade
        tones = ramp(material.colour)
        colour = tones[min(max(round(level * (len(tones) - 1)), 0), len(tones) - 1)]
        if material.gloss:
            shine = material.gloss * max(0.0, dot(normal, self.half)) ** 40
            return mix(colour, SNOW, min(shine, 1.0))
        return colour


def render(canvas: Canvas, camera: Camera, solid: Solid, material: Material, *, capped: bool = True) -> None:
    """Paint the faces that look at the camera. Correct for convex solids, which all of ours are."""
    lamp = Lamp(camera)
    rings = solid.rings()
    flat = [camera.project(ring) for ring in rings]
    foot = rings[-1][0][2] * 0.3 if solid.along == "z" and not solid.start else 0.0
    pieces: list[tuple[Sequence[Point], RGB]] = []
    for i in range(len(rings) - 1):
        shade = 1.0 if not foot else 0.86 + 0.14 * min(rings[i][0][2] / foot, 1.0)  # the floor takes some light
        pieces += _strip(lamp, material, shade, (rings[i], rings[i + 1]), (flat[i], flat[i + 1]))
    lid = (0.0, 0.0, 1.0) if solid.along == "z" else (0.0, -1.0, 0.0)
    if capped and dot(lid, camera.towards) > 0:
        pieces.append((flat[-1], lamp.tone(lid, material)))
    canvas.mosaic(pieces)


def _strip(
    lamp: Lamp,
    material: Material,
    shade: float,
    rings: tuple[list[Vec], list[Vec]],
    flat: tuple[list[Point], list[Point]],
) -> list[tuple[Sequence[Point], RGB]]:
    """The visible faces between two neighbouring rings."""
    (low, high), (flat_low, flat_high), towards = rings, flat, lamp.camera.towards
    pieces: list[tuple[Sequence[Point], RGB]] = []
    for j in range(len(low)):
        k = (j + 1) % len(low)
        a, b, c, d = low[j], low[k], high[j], high[k]
        normal = unit(cross((d[0] - a[0], d[1] - a[1], d[2] - a[2]), (c[0] - b[0], c[1] - b[1], c[2] - b[2])))
        if dot(normal, towards) > 0:
            pieces.append(((flat_low[j], flat_low[k], flat_high[k], flat_high[j]), lamp.tone(normal, material, shade)))
    return pieces


def visible(camera: Camera, ring: Sequence[Vec]) -> list[Point]:
    """The part of a closed ring around a solid that faces the camera, as one line from left to right in the round."""
    towards = camera.towards
    seen = []
    for i in range(len(ring)):
        a, b = ring[i - 1], ring[(i + 1) % len(ring)]
        seen.append((b[1] - a[1]) * towards[0] - (b[0] - a[0]) * towards[1] > 0)
    start = next(i for i in range(len(ring)) if seen[i] and not seen[i - 1])
    line = []
    for i in range(len(ring)):
        if not seen[(start + i) % len(ring)]:
            break
        line.append(ring[(start + i) % len(ring)])
    return camera.project(line)
