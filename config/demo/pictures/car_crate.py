"""Car crates: a sloping front, bars, and straps that hold it down."""

from dataclasses import dataclass, replace

from config.demo.pictures import kennel as k
from config.demo.pictures.colour import INK, RGB, SNOW, darker, lighter, mix
from config.demo.pictures.geometry import Outline, Point, Vec, rectangle
from config.demo.pictures.parts import bars, bow, buckle, frame, mesh, name_plate, opening, strap
from config.demo.pictures.solid import Solid, rounded_profile
from config.demo.pictures.stage import Box, Stage

GREEN: RGB = (86, 176, 106)
RED: RGB = (196, 66, 58)


@dataclass(frozen=True)
class Crate:
    """The faces of a crate whose front leans back by `slope` millimetres from floor to roof."""

    length: float
    width: float
    height: float
    slope: float

    def side(self, u: float, v: float) -> Vec:
        return u, -self.width / 2, v

    def back(self, u: float, v: float) -> Vec:
        return u, self.width / 2, v

    def door(self, u: float, v: float) -> Vec:
        return -self.length / 2 + self.slope * v / self.height, -u, v

    def top(self, u: float, v: float) -> Vec:
        return u, v, self.height

    def profile(self, inset: float = 0.0, radius: float = 14.0) -> Outline:
        """The crate from the side."""
        a, h = self.length / 2, self.height
        corners = (
            (-a + inset * 1.1, inset),
            (a - inset, inset),
            (a - inset, h - inset),
            (-a + self.slope + inset * 0.6, h - inset),
        )
        return Outline(corners, (radius,) * 4)

    def solid(self, edge: float, radius: float) -> Solid:
        outline = replace(self.profile(0, radius), per_corner=9)
        return Solid(outline, rounded_profile(self.width, edge, edge, steps=8), along="y", start=self.width / 2)


def draw_car_crate(stage: Stage) -> None:
    cut = stage.look.cut
    stage.aim(42, 18, above=20)
    slope = {"tubes": 0.24, "double wall": 0.14, "steel": 0.10, "lounge": 0.20}[cut] * stage.length
    crate = Crate(stage.length, stage.width, stage.height, slope)
    a, b = stage.length / 2, stage.width / 2
    foot = 0.86 if cut == "lounge" else 1.0
    stage.ground([(x * foot, y * foot, 0.0) for x, y in ((-a, -b), (a, -b), (a, b), (-a, b))])
    {"tubes": _tubes, "double wall": _double_wall, "steel": _steel, "lounge": _lounge}[cut](stage, crate)


def _bar(stage: Stage, start: Vec, end: Vec, colour: RGB, width: float) -> None:
    stage.canvas.tube(stage.camera.project([start, end]), colour, stage.px(width))


def _hold_down(stage: Stage, crate: Crate, body: Solid, u: float, *, colour: RGB, clip: RGB, wide: float = 26) -> None:
    """A lashing strap over the roof and down the side, close to the body, with its buckle."""
    b, h = crate.width / 2, crate.height
    seen = [(s, inset) for s, inset in body.profile if s > b or inset < 0.5]  # not what falls away behind
    over = [(u, b - s, h - inset + 3) for s, inset in seen]
    low = over[-1][2]
    down = [(u, -b - 3, low - (low - wide * 0.6) * i / 8) for i in range(1, 9)]
    strap(stage, stage.camera.project([*over, *down]), wide, colour)
    buckle(stage.canvas, stage.spot((u, -b - 4, h * 0.60)), stage.px(wide * 0.72), clip)


def _edges(crate: Crate) -> tuple[list[tuple[Vec, Vec]], list[tuple[Vec, Vec]]]:
    """The twelve edges: those behind the crate, and those in sight."""
    a, b, h, s = crate.length / 2, crate.width / 2, crate.height, crate.slope
    far = [(-a, b, 0.0), (a, b, 0.0), (a, b, h), (-a + s, b, h)]
    near = [(x, -b, z) for x, _, z in far]
    around = [(far[i], far[(i + 1) % 4]) for i in range(4)]
    across = [(far[i], near[i]) for i in range(4)]
    behind = [around[0], around[1], around[3], across[1]]
    return behind, [around[2], across[0], *across[2:], *((near[i], near[(i + 1) % 4]) for i in range(4))]


def _tubes(stage: Stage, crate: Crate) -> None:
    """Bollard: an open frame of tubes; one sees right through it to the cat."""
    a, b, h = crate.length / 2, crate.width / 2, crate.height
    pale = mix(stage.trim, stage.backdrop.wall, 0.25)
    for i in range(1, 12):
        x = -a + crate.slope + (2 * a - crate.slope) * i / 12
        _bar(stage, (x, b, 30), (x, b, h), pale, 5)
    for i in range(1, 8):
        _bar(stage, (a, b - 2 * b * i / 8, 30), (a, b - 2 * b * i / 8, h), pale, 5)
    for start, end in _edges(crate)[0]:
        _bar(stage, start, end, darker(stage.paint, 0.25), 15)
    tray = Solid(rectangle(crate.length * 0.98, crate.width * 0.98, 26), rounded_profile(58, 8, 6))
    stage.solid(tray, darker(stage.paint, 0.15), gloss=0.2)
    cushion = Solid(rectangle(crate.length * 0.86, crate.width * 0.84, 60), rounded_profile(44, 16, 18), start=44)
    stage.solid(cushion, mix(stage.paint, SNOW, 0.66), gloss=0.0)
    _sitting(stage, (a * 0.14, 0.0, 84.0), h * 0.55)
    stage.solid(tray.part(0, 50, 1), stage.paint, gloss=0.2, capped=False)
    roof = [(-a + crate.slope, -b, h), (a, -b, h), (a, b, h), (-a + crate.slope, b, h)]
    stage.canvas.fill(stage.camera.project(roof), mix(stage.paint, SNOW, 0.2))
    stage.canvas.gradient(stage.camera.project(roof), SNOW, stage.spot(roof[3]), stage.spot(roof[1]), (120, 0))
    for i in range(1, 12):
        x = -a + (2 * a) * i / 12
        top = h if x > -a + crate.slope else h * (x + a) / crate.slope
        _bar(stage, (x, -b, 44), (x, -b, top), stage.trim, 6.5)
    for i in range(1, 8):
        y = b - 2 * b * i / 8
        _bar(stage, crate.door(-y, 44), crate.door(-y, h), stage.trim, 6.5)
    door = rectangle(crate.width * 0.78, h * 0.80, 12, 0, h * 0.53)
    edge = stage.on(crate.door, door.points())
    stage.canvas.tube(edge, darker(stage.trim, 0.1), stage.px(11), closed=True)
    for start, end in _edges(crate)[1]:
        _bar(stage, start, end, stage.paint, 19)
    _hold_down(stage, crate, crate.solid(6, 8), a * 0.70, colour=(226, 120, 60), clip=RED)
    plate = rectangle(130, 46, 10, a * 0.36, h * 0.92)
    frame(stage, crate.side, plate, 3, stage.paint)
    name_plate(stage, crate.side, (a * 0.36, h * 0.92), 30, ground=mix(stage.paint, SNOW, 0.8))


def _sitting(stage: Stage, seat: Vec, tall: float) -> None:
    """The whole cat on a cushion: haunches, then chest and head."""
    canvas, fur = stage.canvas, stage.look.fur
    x, y = stage.spot(seat)
    size = stage.px(tall) * 0.26
    canvas.blur(
        [(x - size * 1.5, y), (x + size * 1.5, y), (x + size, y + size * 0.3), (x - size, y + size * 0.3)], INK, 120, 12
    )
    tail = [(x + size * 1.0, y - size * 0.1), (x + size * 1.9, y - size * 0.05), (x + size * 2.3, y - size * 0.5)]
    canvas.stroke(tail, darker(fur.fur, 0.2), size * 0.42)
    for side in (-1, 1):
        canvas.oval((x + side * size * 0.72, y - size * 0.55), size * 0.72, size * 0.72, darker(fur.fur, 0.22))
    above_floor = rectangle(size * 2.6, size * 6.1, 2, x, y - size * 2.95).points()
    with canvas.clipped(above_floor):
        stage.cat((seat[0], seat[1], seat[2] + tall * 0.58), tall * 0.26)
    for paw in (-0.36, 0.36):
        canvas.oval((x + paw * size, y), size * 0.32, size * 0.22, darker(fur.pale, 0.1))


def _double_wall(stage: Stage, crate: Crate) -> None:
    """Milestone: thick calm walls with slots, a barred door, a belt along the side."""
    length, width, height = crate.length, crate.width, crate.height
    stage.solid(crate.solid(34, 52), stage.paint, gloss=0.22)
    panel = Outline(
        (
            (-length * 0.33, height * 0.14),
            (length * 0.42, height * 0.14),
            (length * 0.42, height * 0.87),
            (-length * 0.27, height * 0.87),
        ),
        (26,) * 4,
    )
    frame(stage, crate.side, panel, 4, darker(stage.paint, 0.14))
    stage.canvas.fill(stage.on(crate.side, panel.points()), lighter(stage.paint, 0.07))
    for i in range(3):
        slot = rectangle(length * 0.52, height * 0.09, height * 0.045, length * 0.07, height * (0.76 - 0.125 * i))
        frame(stage, crate.side, slot, 6, darker(stage.paint, 0.2))
        opening(stage, crate.side, slot)
        bars(stage, crate.side, slot, across=11, along=0, colour=stage.trim, width=4)
    line = stage.on(crate.side, [(length * (-0.37 + 0.076 * i), height * (0.335 + 0.004 * i)) for i in range(11)])
    strap(stage, line, 34, (66, 68, 78))
    buckle(stage.canvas, line[7], stage.px(26), stage.trim)
    door = rectangle(width * 0.60, height * 0.66, 30, 0, height * 0.51)
    k.grid_door(
        stage, crate.door, door, rim=17, colour=darker(stage.paint, 0.3), grid=(6, 1), metal=stage.trim, half_head=72
    )
    k.top_handle(stage, _roof(crate), darker(stage.paint, 0.4), reach=0.16, rise=34)
    name_plate(stage, crate.side, (length * 0.07, height * 0.215), 22)


def _roof(crate: Crate) -> Box:
    """A stand-in for the roof alone, for handles."""
    flat = Solid(rectangle(crate.length, crate.width, 20), rounded_profile(crate.height, 4, 4))
    return Box(flat, crate.length, crate.width, crate.height)


def _steel(stage: Stage, crate: Crate) -> None:
    """Fjell: a wire cage in a frame, a wooden floor, a panel in the middle."""
    a, b, h = crate.length / 2, crate.width / 2, crate.height
    stage.solid(crate.solid(6, 8), darker(stage.inside, 0.1))
    roof = [(-a + crate.slope + 12, -b + 12), (a - 12, -b + 12), (a - 12, b - 12), (-a + crate.slope + 12, b - 12)]
    stage.canvas.fill(stage.on(crate.top, roof), mix(stage.paint, SNOW, 0.12))
    k.vents(stage, crate.top, k.rows(7, 3, (a * 0.2, b * 0.42), (crate.slope * 0.45, 0)), (a * 0.13, 20), radius=10)
    inside = crate.profile(10, 10)
    edge = stage.on(crate.side, inside.points())
    left, right = stage.spot((0.0, -b, h * 0.2)), stage.spot((0.0, -b, h))
    stage.canvas.gradient(edge, lighter(stage.inside, 0.35), left, right, (200, 40))
    with stage.canvas.clipped(edge):
        _bar(stage, (a * 0.10, 0, 20), (a * 0.10, 0, h), darker(stage.paint, 0.3), 12)
    _net(stage, crate)
    floor = Solid(rectangle(crate.length * 1.005, crate.width * 1.01, 8), rounded_profile(52, 4, 4))
    stage.solid(floor.part(4, 48, 2), stage.trim, gloss=0.1, capped=False)
    for i in range(3):
        grain = stage.on(
            crate.side, [(-a + 2 * a * j / 12, 14 + 12 * i + 3 * ((j * 7 + i * 5) % 3 - 1)) for j in range(13)]
        )
        stage.canvas.stroke(grain, darker(stage.trim, 0.22), 3)
    door = rectangle(crate.width * 0.66, h * 0.70, 14, 0, h * 0.53)
    k.grid_door(stage, crate.door, door, rim=14, colour=stage.paint, grid=(6, 4), half_head=78)
    for start, end in _edges(crate)[1]:
        if start[2] > 1 or end[2] > 1:
            _bar(stage, start, end, stage.paint, 21)
    for u in (-a * 0.36, a * 0.56):
        _hold_down(stage, crate, crate.solid(6, 8), u, colour=(70, 72, 82), clip=(222, 140, 60), wide=24)
    name_plate(stage, crate.side, (a * 0.10, 26), 30, ground=lighter(stage.trim, 0.35))


def _net(stage: Stage, crate: Crate) -> None:
    """The wire of the long side."""
    a, b, h = crate.length / 2, crate.width / 2, crate.height
    wire = mix(stage.paint, SNOW, 0.35)
    edge = stage.on(crate.side, crate.profile(8, 8).points())
    with stage.canvas.clipped(edge):
        for i in range(1, 7):
            _bar(stage, (-a, -b, h * i / 7), (a, -b, h * i / 7), darker(wire, 0.15), 4.5)
        for i in range(1, 16):
            x = -a + 2 * a * i / 16
            _bar(stage, (x, -b, 0), (x, -b, h), wire, 4.5)


def _lounge(stage: Stage, crate: Crate) -> None:
    """Tailgate: soft corners, a padded rim, wide windows, child-seat anchors with a green mark."""
    length, width, height = crate.length, crate.width, crate.height
    body = crate.solid(70, 110)
    stage.solid(body, stage.paint, gloss=0.06)
    for u, wide in ((-length * 0.115, 0.30), (length * 0.225, 0.28)):
        window = rectangle(length * wide, height * 0.44, 54, u, height * 0.55)
        frame(stage, crate.side, window, 17, stage.trim, seam=True)
        opening(stage, crate.side, window)
        mesh(stage, crate.side, window, step=11)
    door = rectangle(width * 0.56, height * 0.58, 70, 0, height * 0.52)
    frame(stage, crate.door, door, 34, stage.trim, seam=True)
    opening(stage, crate.door, door, cat=(0, height * 0.47, 82))
    bars(stage, crate.door, door, across=5, along=0, colour=k.STEEL, width=6)
    seam: list[Point] = [(length * (-0.40 + 0.085 * i), height * 0.235) for i in range(11)]
    stage.canvas.dashes(stage.on(crate.side, seam), lighter(stage.paint, 0.45), 4, 12)
    _hold_down(stage, crate, body, length * 0.055, colour=(64, 66, 76), clip=GREEN, wide=30)
    for u in (-length * 0.30, length * 0.40):
        anchor = rectangle(58, 34, 10, u, height * 0.11)
        frame(stage, crate.side, anchor, 3, (70, 72, 82))
        stage.canvas.fill(stage.on(crate.side, rectangle(16, 16, 8, u + 12, height * 0.11).points()), GREEN)
    line = bow((-length * 0.06, 0.0, height - 6), (length * 0.26, 0.0, height - 6), 44, square=0.4)
    strap(stage, stage.camera.project(line), 30, darker(stage.paint, 0.4))
    name_plate(stage, crate.side, (length * 0.255, height * 0.235), 24)
