"""Trolleys: a body on wheels and a telescopic handle behind it."""

from dataclasses import replace

from config.demo.pictures.colour import INK, RGB, SNOW, darker, lighter, mix
from config.demo.pictures.geometry import Outline, Point, Vec, arch, ellipse, rectangle
from config.demo.pictures.kennel import ribs, vents
from config.demo.pictures.parts import bow, frame, glass, mesh, name_plate, opening, peek, strap, zipper
from config.demo.pictures.solid import Solid, rounded_profile, visible
from config.demo.pictures.stage import Box, Face, Stage

RUBBER: RGB = (62, 62, 70)
METAL: RGB = (190, 196, 204)
REACH = 190.0  # how far the handle is pulled out


def draw_wheeled(stage: Stage) -> None:
    cut = stage.look.cut
    reach = REACH * (0.8 if cut == "pram" else 1.0)
    grip = [(stage.length * 0.47, y, stage.height + reach) for y in (-60.0, 60.0)]
    stage.aim(35, 17, beyond=grip)
    {"case": _case, "three ways": _three_ways, "tram": _tram, "pram": _pram}[cut](stage)


def _body(
    stage: Stage, *, lift: float, corner: float, top: float, bulge: float = 0.0, height: float | None = None
) -> Box:
    tall = (height or stage.height) - lift
    profile = rounded_profile(tall, 26, top, crown=8, reach=40, steps=8)
    outline = replace(rectangle(stage.length, stage.width, corner), per_corner=9)
    solid = Solid(outline, profile, start=lift, bulge=bulge)
    return Box(solid, stage.length, stage.width, lift + tall, corner)


def _handle(stage: Stage, *, low: float, reach: float = REACH, colour: RGB) -> None:
    """Two bars and a grip behind the body; drawn before it."""
    x, y, top = stage.length * 0.46, 62.0, stage.height + reach
    for side in (y, -y):
        for end, width in ((stage.height + reach * 0.55, 17.0), (top, 12.0)):
            stage.canvas.tube(stage.camera.project([(x, side, low), (x, side, end)]), METAL, stage.px(width))
    grip = stage.camera.project(bow((x, y + 8, top - 12), (x, -y - 8, top - 12), 18, square=0.25))
    stage.canvas.tube(grip, colour, stage.px(26))


def _wheel(stage: Stage, x: float, y: float, radius: float, hub: RGB, *, wide: float = 26.0) -> None:
    """A wheel that stands upright along the length, its hub towards us."""

    def disc(share: float, depth: float) -> list[Point]:
        ring = ellipse(0, 0, radius * share, radius * share, 36)
        return stage.camera.project([(x + u, y + depth, radius + v) for u, v in ring])

    for step in range(7):
        stage.canvas.fill(disc(1.0, wide - step * wide / 7), darker(RUBBER, 0.45))
    stage.canvas.fill(disc(1.0, 0), RUBBER)
    stage.canvas.fill(disc(0.88, 0), lighter(RUBBER, 0.16))
    stage.canvas.fill(disc(0.66, 0), darker(hub, 0.25))
    stage.canvas.fill(disc(0.60, 0), hub)
    for turn in range(5):
        spot = ellipse(0, 0, radius * 0.38, radius * 0.38, 5)[turn]
        hole = ellipse(*spot, radius * 0.11, radius * 0.11, 14)
        stage.canvas.fill(stage.camera.project([(x + u, y, radius + v) for u, v in hole]), darker(hub, 0.5))
    stage.canvas.fill(disc(0.17, -2), lighter(hub, 0.6))


def _window(
    stage: Stage,
    face: Face,
    outline: Outline,
    *,
    rim: float = 11,
    cat: tuple[float, float, float] | None = None,
    colour: RGB | None = None,
) -> None:
    frame(stage, face, outline, rim, colour or stage.cloth, seam=colour is None)
    opening(stage, face, outline, cat=cat)
    mesh(stage, face, outline)


def _shade_below(stage: Stage, box: Box) -> None:
    stage.ground([(x, y, 0.0) for x, y, _ in box.solid.at(14)])


def _case(stage: Stage) -> None:
    """Concourse: a ribbed suitcase on four small castors."""
    length, width, height = stage.length, stage.width, stage.height
    box = _body(stage, lift=52, corner=62, top=44)
    _shade_below(stage, box)
    _handle(stage, low=height * 0.5, colour=darker(stage.paint, 0.45))
    for x, y in ((0.40, 0.34), (-0.40, 0.34), (0.40, -0.40), (-0.40, -0.40)):
        _wheel(stage, length * x, width * y, 27, METAL, wide=20)
    stage.solid(box.solid, stage.paint, gloss=0.45)
    ribs(
        stage,
        box.side,
        [length * x for x in (-0.40, -0.345, 0.345, 0.40)],
        low=110,
        high=height - 70,
        width=14,
        colour=stage.paint,
    )
    ribs(
        stage,
        box.end,
        [width * x for x in (-0.24, -0.12, 0.0, 0.12, 0.24)],
        low=110,
        high=height * 0.42,
        width=16,
        colour=stage.paint,
    )
    window = rectangle(length * 0.52, height * 0.50, 52, 0, height * 0.56)
    _window(stage, box.side, window, cat=(0, height * 0.51, 70), rim=13, colour=stage.trim)
    _window(stage, box.end, rectangle(width * 0.46, height * 0.26, 30, 0, height * 0.66), rim=10, colour=stage.trim)
    belt = visible(stage.camera, box.solid.at(height * 0.13, 1))
    stage.canvas.stroke(belt, darker(stage.paint, 0.5), stage.px(7))
    stage.canvas.tube(
        stage.camera.project(bow((-60.0, 0.0, height - 4), (60.0, 0.0, height - 4), 28, square=0.3)),
        darker(stage.paint, 0.45),
        stage.px(20),
    )
    name_plate(stage, box.side, (0, height * 0.235), 19)


def _three_ways(stage: Stage) -> None:
    """Sway: a soft body with a large window, folded-away straps, two wheels and a foot."""
    length, width, height = stage.length, stage.width, stage.height
    box = _body(stage, lift=34, corner=56, top=52, bulge=9)
    _shade_below(stage, box)
    _handle(stage, low=height * 0.4, colour=stage.trim)
    _wheel(stage, length * 0.40, width * 0.38, 40, stage.paint)
    foot = stage.camera.project([(-length * 0.38, -width * 0.30, 6.0), (-length * 0.38, -width * 0.30, 50.0)])
    stage.canvas.tube(foot, RUBBER, stage.px(30))
    stage.solid(box.solid, stage.paint, gloss=0.03)
    stage.solid(box.solid.part(0, height * 0.18, 1.5), darker(stage.paint, 0.4), capped=False)
    _wheel(stage, length * 0.40, -width * 0.50, 40, stage.paint)
    window = arch(length * 0.66, height * 0.48, 26, 70, (-length * 0.02, height * 0.555))
    _window(stage, box.side, window, cat=(-length * 0.05, height * 0.50, 68), rim=12)
    _window(stage, box.end, arch(width * 0.48, height * 0.40, 24, 50, (0, height * 0.55)), rim=10)
    top = visible(stage.camera, box.solid.at(height - 34 - 48, 1))[3:-4]
    zipper(stage, top, tape=stage.cloth, pull=SNOW)
    for y in (-width * 0.2, width * 0.2):
        line = bow((-length * 0.24, y, height - 6), (length * 0.16, y, height - 6), 34, square=0.45)
        strap(stage, stage.camera.project(line), 22, stage.cloth)
    pad = stage.camera.project([(-length * 0.12, 0.0, height + 26.0), (length * 0.04, 0.0, height + 26.0)])
    stage.canvas.tube(pad, darker(stage.paint, 0.25), stage.px(46))
    name_plate(stage, box.side, (-length * 0.02, height * 0.215), 19)


def _tram(stage: Stage) -> None:
    """Trikk: a tramcar with a row of windows, a coloured band, a lamp, and two large wheels a side."""
    length, width, height = stage.length, stage.width, stage.height
    box = _body(stage, lift=46, corner=74, top=60)
    _shade_below(stage, box)
    _handle(stage, low=height * 0.5, colour=RUBBER)
    for x in (0.27, -0.27):
        _wheel(stage, length * x, width * 0.36, 54, stage.trim)
    stage.solid(box.solid, stage.paint, gloss=0.4)
    tall = height - 46
    stage.solid(box.solid.part(tall * 0.86, tall, 2), stage.trim, gloss=0.3)
    stage.solid(box.solid.part(tall * 0.30, tall * 0.36, 1.5), stage.trim, gloss=0.2, capped=False)
    stage.solid(box.solid.part(0, tall * 0.12, 3), RUBBER, capped=False)
    for i in range(3):
        u = (i - 1) * length * 0.272
        pane = rectangle(length * 0.232, tall * 0.36, 22, u, 46 + tall * 0.61)
        cat = (u, 46 + tall * 0.555, 62.0) if i == 1 else None
        frame(stage, box.side, pane, 6, mix(stage.trim, stage.paint, 0.15))
        opening(stage, box.side, pane, cat=cat)
        mesh(stage, box.side, pane, step=8, alpha=60)
        glass(stage, box.side, pane)
    door = arch(width * 0.44, tall * 0.48, 14, 44, (0, 46 + tall * 0.56))
    _window(stage, box.end, door, rim=9, colour=stage.trim)
    lamp = rectangle(40, 40, 20, 0, 46 + tall * 0.20)
    frame(stage, box.end, lamp, 5, METAL)
    stage.canvas.fill(stage.on(box.end, lamp.points()), (255, 240, 190))
    for x in (0.27, -0.27):
        _wheel(stage, length * x, -width * 0.52, 54, stage.trim)
    name_plate(stage, box.side, (0, 46 + tall * 0.21), 18)


def _pram(stage: Stage) -> None:
    """Trundle: an open tub with a ribbed hood, on large wheels; the cat looks out of the tub."""
    length, width, height = stage.length, stage.width, stage.height
    rim = height * 0.60
    tub = _body(stage, lift=64, corner=96, top=14, height=rim)
    tub = replace(tub, height=rim - 8)
    _shade_below(stage, tub)
    _handle(stage, low=height * 0.4, reach=REACH * 0.8, colour=stage.trim)
    for x in (0.28, -0.28):
        _wheel(stage, length * x, width * 0.36, 66, stage.trim)
    stage.solid(tub.solid, stage.paint, gloss=0.05)
    stage.solid(tub.solid.part(rim * 0.74 - 64, rim * 0.80 - 64, 2), stage.trim, capped=False)
    hole = rectangle(length * 0.90, width * 0.84, 84)
    frame(stage, tub.top, hole, 13, mix(stage.paint, SNOW, 0.55), seam=True)
    _hood(stage, rim)
    front = rectangle(length * 0.42, width * 0.80, 80, -length * 0.235, 0)
    peek(stage, tub.top, front, half_head=66, rise=62, at=(-length * 0.20, -6))
    _window(stage, tub.side, rectangle(length * 0.46, rim * 0.24, 34, 0, rim * 0.46), rim=10)
    vents(stage, tub.end, [(-40, rim * 0.52), (0, rim * 0.52), (40, rim * 0.52)], (16, 52), radius=8)
    for x in (0.28, -0.28):
        _wheel(stage, length * x, -width * 0.52, 66, stage.trim)
    name_plate(stage, tub.side, (0, rim * 0.672), 17)


def _hood(stage: Stage, rim: float) -> None:
    """A quarter-round hood over the back half, open towards the cat."""
    a, high = stage.length / 2, stage.height - rim
    corners = ((0.0, rim - 4), (a * 0.99, rim - 4), (a * 0.99, rim + high), (-a * 0.10, rim + high))
    outline = replace(Outline(corners, (4, 20, high * 0.86, 26)), per_corner=12)
    solid = Solid(outline, rounded_profile(stage.width * 0.97, 40, 40, steps=8), along="y", start=stage.width * 0.485)
    stage.solid(solid, lighter(stage.paint, 0.08), gloss=0.04)
    mouth = [(x, y, z) for x, y, z in _mouth(stage, rim, high)]
    stage.canvas.fill(stage.camera.project(mouth), stage.inside)
    edge = stage.camera.project(mouth)
    stage.canvas.stroke(edge, stage.trim, stage.px(9), closed=True)
    foot = (a * 0.10, rim + 6)
    for share in (0.34, 0.56, 0.78):
        far = (a * (0.0 + 0.98 * share), rim + high * (1 - 0.52 * share * share) - 20)
        rib = [(foot[0] + (far[0] - foot[0]) * i / 6, foot[1] + (far[1] - foot[1]) * i / 6) for i in range(7)]
        line = stage.camera.project([(x, -stage.width * 0.485, z) for x, z in rib])
        stage.canvas.stroke(line, darker(stage.paint, 0.28), stage.px(3))
        stage.canvas.stroke([(x + 4, y) for x, y in line], lighter(stage.paint, 0.3), stage.px(1.6))
    stage.canvas.blur(stage.camera.project([(x, -stage.width * 0.4, rim) for x in (0.0, a * 0.95)]), INK, 60, 10)


def _mouth(stage: Stage, rim: float, high: float) -> list[Vec]:
    """The opening of the hood, which leans a little forward."""
    a, b = stage.length / 2, stage.width * 0.43
    lean = -a * 0.10
    shape = arch(2 * b, high * 0.86, 8, b * 0.62, (0, high * 0.45)).points()
    return [(lean * v / high - 3, -u, rim - 2 + v) for u, v in shape]
