"""What every drawer works with: canvas, camera, colours and the container's true measures."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from math import sqrt

from config.demo.pictures.canvas import HEIGHT, SUPER, WIDTH, Canvas
from config.demo.pictures.cat import draw_cat
from config.demo.pictures.colour import RGB, darker, lighter, luminance
from config.demo.pictures.geometry import Camera, Point, Vec
from config.demo.pictures.looks import Look
from config.demo.pictures.scene import Backdrop, ground_shadow
from config.demo.pictures.solid import Material, Solid, render

Face = Callable[[float, float], Vec]  # millimetres on a face, to the right and up, as the viewer sees it

CENTRE = (WIDTH * SUPER * 0.5, HEIGHT * SUPER * 0.515)
ROOM = (WIDTH * SUPER * 0.72, HEIGHT * SUPER * 0.76)
LARGEST_MM = 1100  # the diagonal of the largest containers; smaller ones take a little less of the room


@dataclass
class Stage:
    canvas: Canvas
    backdrop: Backdrop
    look: Look
    brand: str
    paint: RGB
    length: float
    width: float
    height: float
    camera: Camera = field(default_factory=lambda: Camera(35, 18))

    @property
    def trim(self) -> RGB:
        return self.look.trim

    @property
    def cloth(self) -> RGB:
        """The dark companion of the paint: linings, straps, piping."""
        return darker(self.paint, 0.5)

    @property
    def inside(self) -> RGB:
        """The tone of what lies in the shade within; lighter behind a dark cat, so that she can be seen."""
        if luminance(self.look.fur.fur) < 0.35:
            return lighter(darker(self.paint, 0.55), 0.16)
        return darker(self.paint, 0.80 if luminance(self.paint) > 0.5 else 0.72)

    def aim(self, turn: float, tilt: float, *, above: float = 0.0, beyond: Sequence[Vec] = ()) -> None:
        """Point the camera so that the container, and what sticks out of it, fills the picture."""
        a, b, top = self.length / 2, self.width / 2, self.height + above
        extent = [(x, y, z) for x in (-a, a) for y in (-b, b) for z in (0.0, self.height)]
        extent += [(0.0, 0.0, top), *beyond]
        diagonal = (self.length**2 + self.width**2 + self.height**2) ** 0.5
        zoom = min(1.0, 0.84 + 0.16 * diagonal / LARGEST_MM)
        view = Camera(turn, tilt, mirrored=self.look.mirrored)
        self.camera = view.fitted(extent, CENTRE, ROOM, zoom)

    def ground(self, ring: Sequence[Vec]) -> None:
        """The shadow of what stands on this ring."""
        ground_shadow(self.canvas, self.camera, ring, self.backdrop)

    def px(self, millimetres: float) -> float:
        return millimetres * self.camera.scale

    def on(self, face: Face, points: Iterable[Point]) -> list[Point]:
        return self.camera.project([face(u, v) for u, v in points])

    def spot(self, place: Vec) -> Point:
        return self.camera.project([place])[0]

    def solid(
        self, solid: Solid, colour: RGB, gloss: float = 0.0, contrast: float = 1.15, *, capped: bool = True
    ) -> None:
        render(self.canvas, self.camera, solid, Material(colour, gloss, contrast), capped=capped)

    def cat(self, place: Vec, half_head: float, *, body: bool = True) -> None:
        """The container's cat with the middle of the face at this place; `half_head` in millimetres."""
        look = self.look
        tilt = -look.tilt if look.mirrored else look.tilt
        draw_cat(
            self.canvas,
            look.fur,
            self.spot(place),
            self.px(half_head),
            mood=look.mood,
            tilt=tilt,
            flip=look.mirrored,
            body=body,
        )


@dataclass(frozen=True)
class Box:
    """The faces of an upright solid, for what is fixed on them."""

    solid: Solid
    length: float
    width: float
    height: float
    corner: float = 0.0  # the radius of its upright edges: what lies there bends with them

    def side(self, u: float, v: float) -> Vec:
        """The long side; u runs from its middle to the right."""
        rise = v - self.solid.start
        inset = self.solid.inset_at(rise)
        y = -self.width / 2 + inset
        swell = self.solid.swell((u, y), rise)[1] if self.solid.bulge else 0.0
        return u, y + swell + self._bend(abs(u) - self.length / 2 + inset, inset), v

    def end(self, u: float, v: float) -> Vec:
        """The end with the door; u runs from its middle to the near edge."""
        rise = v - self.solid.start
        inset = self.solid.inset_at(rise)
        x = -self.length / 2 + inset
        swell = self.solid.swell((x, -u), rise)[0] if self.solid.bulge else 0.0
        return x + swell + self._bend(abs(u) - self.width / 2 + inset, inset), -u, v

    def top(self, u: float, v: float) -> Vec:
        return u, v, self.height

    def _bend(self, over: float, inset: float) -> float:
        """How far the surface has turned away, `over` millimetres beyond the edge (negative: before it)."""
        radius = max(self.corner - inset, 2.0)
        reach = min(max(over + radius, 0.0), radius)
        return radius - sqrt(radius * radius - reach * reach)
