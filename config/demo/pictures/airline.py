"""Airline crates: bolted shells, a metal door, vents all around, dish and labels."""

from config.demo.pictures import kennel as k
from config.demo.pictures.colour import INK, RGB, SNOW, darker, lighter, mix
from config.demo.pictures.geometry import Outline, arch, rectangle
from config.demo.pictures.labels import address_field, live_animal, this_way_up
from config.demo.pictures.parts import frame, name_plate, place_art
from config.demo.pictures.solid import Solid, rounded_profile
from config.demo.pictures.stage import Box, Stage

BLUE: RGB = (86, 142, 190)


def draw_airline_crate(stage: Stage) -> None:
    cut = stage.look.cut
    stage.aim(48, 17, above=30)
    {"classic": _classic, "double roof": _double_roof, "round": _round, "windbreak": _windbreak, "folding": _folding}[
        cut
    ](stage)


def _flange(stage: Stage, box: Box, level: float) -> None:
    length, width = box.length, box.width
    k.bolts(stage, box.side, [length * x for x in (-0.40, -0.2, 0.0, 0.2, 0.40)], level)
    k.bolts(stage, box.end, [width * x for x in (-0.40, 0.40)], level)


def _dish(stage: Stage, box: Box, door: Outline, colour: RGB) -> None:
    """A bowl hung inside the door; its rim reaches through the bars so that it can be filled from outside."""
    u, v = door.corners[0][0] + 58, door.corners[0][1] + 26
    bowl = arch(84, 42, 20, 3, (u, v))
    edge = stage.on(box.end, bowl.points())
    stage.canvas.blur([(x + 4, y + 6) for x, y in edge], INK, 120, 8)
    stage.canvas.fill(edge, darker(colour, 0.25))
    stage.canvas.fill([(x - 3, y - 2) for x, y in stage.on(box.end, bowl.points(3))], colour)
    lip = rectangle(94, 13, 6, u, v + 21)
    stage.canvas.fill(stage.on(box.end, lip.points()), darker(colour, 0.35))
    stage.canvas.fill(stage.on(box.end, rectangle(82, 6, 3, u, v + 22).points()), mix(BLUE, SNOW, 0.5))


def _labels(stage: Stage, box: Box, animal: tuple[float, float], up: tuple[float, float], size: float) -> None:
    place_art(stage, box.side, live_animal(), animal, size)
    place_art(stage, box.side, this_way_up(), up, size * 0.72)


def _classic(stage: Stage) -> None:
    """Meridian: ribbed lower shell, rows of vents, both labels."""
    split, length, width, height = 0.50, stage.length, stage.width, stage.height
    box = k.shells(stage, split=split, corner=46, top=40, lean=(20, 20))
    k.paint_shells(
        stage, box, split=split, lower=stage.paint, upper=mix(stage.paint, SNOW, 0.35), flange=stage.trim, lip=12
    )
    k.vents(
        stage,
        box.side,
        k.rows(8, 3, (length * 0.098, height * 0.088), (0, height * 0.73)),
        (length * 0.066, 17),
        radius=8,
    )
    k.ribs(
        stage,
        box.side,
        [length * x for x in (-0.38, -0.31, 0.31, 0.38)],
        low=height * 0.08,
        high=height * 0.43,
        width=22,
        colour=stage.paint,
    )
    door = rectangle(width * 0.56, height * 0.70, 20, 0, height * 0.50)
    k.grid_door(stage, box.end, door, rim=18, colour=stage.trim, grid=(6, 5), half_head=72)
    _dish(stage, box, door, BLUE)
    _flange(stage, box, height * split)
    _labels(stage, box, (-length * 0.12, height * 0.245), (length * 0.14, height * 0.245), height * 0.27)
    k.top_handle(stage, box, stage.trim, reach=0.14, rise=26, thick=24)


def _double_roof(stage: Stage) -> None:
    """Isbre: a second roof on short posts, so that the wind cools the gap."""
    split, length, width, height = 0.46, stage.length, stage.width, stage.height
    low = height - 46
    lower = Stage(stage.canvas, stage.backdrop, stage.look, stage.brand, stage.paint, length, width, low, stage.camera)
    box = k.shells(lower, split=split, corner=34, top=22, lean=(14, 12))
    k.paint_shells(
        lower, box, split=split, lower=stage.trim, upper=stage.paint, flange=mix(stage.paint, SNOW, 0.5), lip=12
    )
    for row in range(3):
        k.vents(
            stage,
            box.side,
            k.rows(5, 1, (length * 0.155, 0), (0, low * (0.62 + 0.10 * row))),
            (length * 0.12, 22),
            radius=4,
        )
    for x in (-0.32, 0.0, 0.32):
        for y in (0.28, -0.28):
            post = stage.camera.project([(length * x, width * y, low - 6), (length * x, width * y, low + 20)])
            stage.canvas.tube(post, darker(stage.trim, 0.1), stage.px(34))
    roof = Solid(
        rectangle(length * 0.97, width * 0.97, 44), rounded_profile(32, 8, 14, crown=6, reach=50), start=low + 14
    )
    stage.canvas.blur(stage.camera.project(roof.at(0)), INK, 120, 12)
    stage.solid(roof, mix(stage.paint, SNOW, 0.35), gloss=0.4)
    door = rectangle(width * 0.58, low * 0.72, 14, 0, low * 0.50)
    k.grid_door(stage, box.end, door, rim=17, colour=mix(stage.paint, SNOW, 0.45), grid=(7, 4), half_head=74, bar=3.8)
    _dish(stage, box, door, (208, 96, 84))
    _flange(stage, box, low * split)
    _labels(stage, box, (length * 0.27, low * 0.22), (-length * 0.28, low * 0.22), low * 0.27)
    name_plate(stage, box.side, (0, low * 0.22), 26, ground=mix(stage.paint, SNOW, 0.6))


def _round(stage: Stage) -> None:
    """Perihel: rounded edges, an arched door, vents that fan out like rays."""
    split, length, width, height = 0.47, stage.length, stage.width, stage.height
    box = k.shells(stage, split=split, corner=104, top=92, bottom=44, lean=(22, 16))
    k.paint_shells(
        stage, box, split=split, lower=stage.paint, upper=stage.trim, flange=darker(stage.paint, 0.35), lip=10
    )
    for i in range(7):
        tall = height * (0.15 + 0.05 * (3 - abs(i - 3)))
        k.vent(
            stage, box.side, rectangle(24, tall, 12, (i - 3) * length * 0.09, height * 0.545 + tall / 2), stage.inside
        )
    grip = rectangle(length * 0.20, 30, 15, 0, height * 0.385)
    k.vent(stage, box.side, grip, darker(stage.paint, 0.5))
    door = arch(width * 0.52, height * 0.66, 20, width * 0.255, (0, height * 0.48))
    k.grid_door(stage, box.end, door, rim=18, colour=darker(stage.paint, 0.3), grid=(5, 5), half_head=70)
    _dish(stage, box, door, stage.trim)
    _flange(stage, box, height * split)
    place_art(stage, box.side, live_animal(), (-length * 0.20, height * 0.235), height * 0.25)
    place_art(stage, box.side, address_field(), (length * 0.16, height * 0.235), height * 0.33)
    k.top_handle(stage, box, darker(stage.paint, 0.35), reach=0.13, rise=30, thick=26)


def _windbreak(stage: Stage) -> None:
    """Nordlys: a hood around the door, reflective strips, a floor on runners."""
    split, length, width, height = 0.42, stage.length, stage.width, stage.height
    box = k.shells(stage, split=split, corner=40, top=44, lean=(12, 30))
    k.paint_shells(
        stage, box, split=split, lower=darker(stage.paint, 0.35), upper=stage.paint, flange=stage.trim, lip=12
    )
    for level, tone in ((0.50, stage.trim), (0.545, (236, 238, 240))):
        stage.solid(box.solid.part(height * level, height * (level + 0.04), 1.0), tone, gloss=0.2, capped=False)
    k.vents(
        stage,
        box.side,
        k.rows(10, 2, (length * 0.08, height * 0.12), (0, height * 0.74), staggered=True),
        (20, 42),
        radius=10,
    )
    door = arch(width * 0.52, height * 0.64, 16, 50, (0, height * 0.47))
    frame(stage, box.end, arch(width * 0.52 + 36, height * 0.64 + 36, 20, 66, (0, height * 0.47)), 16, stage.trim)
    k.grid_door(stage, box.end, door, rim=16, colour=darker(stage.paint, 0.4), grid=(4, 6), half_head=74)
    _dish(stage, box, door, stage.trim)
    _flange(stage, box, height * split)
    _labels(stage, box, (length * 0.28, height * 0.205), (-length * 0.30, height * 0.205), height * 0.25)
    name_plate(stage, box.side, (-length * 0.01, height * 0.22), 30)
    for side in (-1, 1):
        grip = rectangle(26, 120, 12, side * length * 0.445, height * 0.66)
        k.vent(stage, box.side, grip, darker(stage.paint, 0.55))


def _folding(stage: Stage) -> None:
    """Contrail: flat panels with hinges and protected corners, like a suitcase."""
    length, width, height = stage.length, stage.width, stage.height
    corner = 16.0
    solid = Solid(rectangle(length, width, corner), rounded_profile(height, 14, 14, crown=2, reach=20))
    box = Box(solid, length, width, height, corner)
    stage.ground(solid.at(6))
    stage.solid(solid, stage.paint, gloss=0.35)
    for level in (0.0, 0.46, 0.93):
        stage.solid(solid.part(height * level + 1, height * (level + 0.07) - 1, 3), k.STEEL, gloss=0.5, capped=False)
    for u, v in ((-0.24, 0.70), (0.24, 0.70), (-0.24, 0.265), (0.24, 0.265)):
        panel = rectangle(length * 0.42, height * 0.30, 14, u * length, v * height)
        frame(stage, box.side, panel, 3, lighter(stage.paint, 0.18))
        if v > 0.5:
            k.vents(
                stage,
                box.side,
                k.rows(6, 3, (length * 0.06, height * 0.085), (u * length, v * height)),
                (length * 0.04, 20),
                radius=4,
            )
    place_art(stage, box.side, live_animal(), (-length * 0.24, height * 0.265), height * 0.24)
    place_art(stage, box.side, this_way_up(), (length * 0.24, height * 0.265), height * 0.20)
    door = rectangle(width * 0.60, height * 0.72, 12, 0, height * 0.49)
    k.grid_door(stage, box.end, door, rim=13, colour=stage.trim, grid=(6, 6), half_head=70, bar=3.6)
    _dish(stage, box, door, stage.trim)
    k.clips(stage, box.side, (-length * 0.40, 0.0, length * 0.40), height * 0.495, stage.trim)
    for u in (-0.46, 0.46):
        for v in (0.06, 0.93):
            frame(stage, box.side, rectangle(46, 46, 12, u * length, v * height), 1, darker(k.STEEL, 0.25))
    k.top_handle(stage, box, stage.trim, reach=0.16, rise=34, thick=22)
