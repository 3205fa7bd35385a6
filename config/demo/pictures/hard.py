"""Hard kennels for everyday journeys."""

from dataclasses import replace

from config.demo.pictures import kennel as k
from config.demo.pictures.colour import INK, SNOW, darker, lighter, mix
from config.demo.pictures.geometry import arch, rectangle
from config.demo.pictures.parts import bars, bow, frame, glass, name_plate, opening
from config.demo.pictures.solid import Solid, rounded_profile, visible
from config.demo.pictures.stage import Box, Stage


def draw_hard(stage: Stage) -> None:
    cut = stage.look.cut
    stage.aim(50, 18, above=30 if cut == "egg" else 55)
    {"gable": _gable, "deep": _deep, "roof door": _roof_door, "egg": _egg, "clip": _clip}[cut](stage)


def _gable(stage: Stage) -> None:
    """Hytte: a cabin whose walls lean in, a pale roof, tall slots, four dark latches."""
    split, length, width, height = 0.44, stage.length, stage.width, stage.height
    box = k.shells(stage, split=split, corner=38, top=34, lean=(14, 46))
    roof = mix(stage.paint, SNOW, 0.62)
    k.paint_shells(stage, box, split=split, lower=stage.paint, upper=roof, flange=stage.trim)
    k.vents(
        stage,
        box.side,
        k.rows(9, 1, (length * 0.077, 0), (length * 0.02, height * 0.70)),
        (15, height * 0.24),
        radius=7,
    )
    k.ribs(
        stage,
        box.side,
        [length * x for x in (-0.3, -0.15, 0.0, 0.15, 0.3)],
        low=height * 0.1,
        high=height * 0.36,
        width=20,
        colour=stage.paint,
    )
    door = arch(width * 0.50, height * 0.60, 16, 60, (0, height * 0.47))
    k.grid_door(stage, box.end, door, rim=15, colour=stage.trim, grid=(5, 4))
    k.clips(stage, box.side, (-length * 0.30, length * 0.32), height * split, stage.trim)
    k.top_handle(stage, box, stage.trim)
    name_plate(stage, box.side, (length * 0.02, height * 0.525), 17, ground=roof)


def _deep(stage: Stage) -> None:
    """Harbour: a deep lower shell with two rows of portholes above."""
    split, length, width, height = 0.60, stage.length, stage.width, stage.height
    box = k.shells(stage, split=split, corner=58, top=52, bottom=34, lean=(30, 16))
    k.paint_shells(stage, box, split=split, lower=stage.paint, upper=mix(stage.paint, SNOW, 0.80), flange=stage.trim)
    for row in k.rows(7, 2, (length * 0.105, height * 0.115), (0, height * 0.775), staggered=True):
        k.vent(stage, box.side, rectangle(26, 26, 13, *row), stage.inside)
    for drop in (0, 34, 68):
        k.vent(
            stage,
            box.side,
            rectangle(length * (0.72 - drop / 600), 9, 4, 0, height * 0.42 - drop),
            darker(stage.paint, 0.3),
        )
    door = rectangle(width * 0.52, height * 0.58, 34, 0, height * 0.52)
    k.grid_door(stage, box.end, door, rim=16, colour=stage.trim, grid=(4, 5))
    k.clips(stage, box.side, (-length * 0.30, length * 0.30), height * split, lighter(stage.trim, 0.25))
    k.top_handle(stage, box, stage.trim, reach=0.16, rise=34, thick=24)
    name_plate(stage, box.side, (length * 0.0, height * 0.12), 17, ground=mix(stage.paint, SNOW, 0.8))


def _roof_door(stage: Stage) -> None:
    """Tvedør: a second grid door in the roof, long lying slots."""
    split, length, width, height = 0.47, stage.length, stage.width, stage.height
    box = k.shells(stage, split=split, corner=44, top=36, lean=(18, 14))
    k.paint_shells(stage, box, split=split, lower=darker(stage.paint, 0.3), upper=stage.paint, flange=stage.trim)
    k.vents(
        stage, box.side, k.rows(3, 4, (length * 0.25, height * 0.072), (0, height * 0.70)), (length * 0.2, 13), radius=6
    )
    hatch = rectangle(length * 0.56, width * 0.50, 26)
    frame(stage, box.top, hatch, 12, stage.trim)
    opening(stage, box.top, hatch)
    bars(stage, box.top, hatch, across=7, along=3, colour=k.STEEL, width=4.2)
    line = bow((-length * 0.1, -width * 0.25, height), (length * 0.1, -width * 0.25, height), 26, square=0.3)
    stage.canvas.tube(stage.camera.project(line), lighter(stage.trim, 0.12), stage.px(13))
    door = rectangle(width * 0.54, height * 0.62, 22, 0, height * 0.48)
    k.grid_door(stage, box.end, door, rim=14, colour=stage.trim, grid=(5, 3))
    k.clips(stage, box.side, (-length * 0.32, 0.0, length * 0.32), height * split, stage.trim)
    k.ribs(
        stage,
        box.side,
        [length * x for x in (-0.24, -0.08, 0.08, 0.24)],
        low=height * 0.1,
        high=height * 0.34,
        width=26,
        colour=darker(stage.paint, 0.3),
    )


def _egg(stage: Stage) -> None:
    """Cobble: round all over, with a smoked visor and a cushion."""
    length, width, height = stage.length, stage.width, stage.height
    corner = width * 0.46
    outline = replace(rectangle(length, width, corner), per_corner=14)
    solid = Solid(outline, rounded_profile(height, 96, 128, crown=12, reach=24, steps=12))
    box = Box(solid, length, width, height, corner)
    stage.ground(solid.at(20))
    stage.solid(solid, stage.paint, gloss=0.5)
    seam = visible(stage.camera, solid.at(height * 0.36, 0.5))
    stage.canvas.stroke([(x, y + 3) for x, y in seam], lighter(stage.paint, 0.5), stage.px(2.5))
    stage.canvas.stroke(seam, darker(stage.paint, 0.42), stage.px(3))
    visor = arch(width * 0.66, height * 0.60, 62, 92, (0, height * 0.51))
    frame(stage, box.end, visor, 14, stage.trim)
    opening(stage, box.end, visor, cat=(0, height * 0.47, 64))
    glass(stage, box.end, visor, smoke=130)
    knob = rectangle(56, 17, 8, 0, height * 0.205)
    frame(stage, box.end, knob, 2, lighter(stage.trim, 0.2))
    k.vents(stage, box.side, _flower(length * 0.16, height * 0.60), (17, 17), radius=8.5)
    strip = bow((-length * 0.17, 0.0, height - 6), (length * 0.17, 0.0, height - 6), 30, square=0.4)
    stage.canvas.blur(stage.camera.project([(x, y, height - 4) for x, y, _ in strip]), INK, 60, 8)
    stage.canvas.stroke(stage.camera.project(strip), darker(stage.trim, 0.35), stage.px(26))
    stage.canvas.stroke([(x - 2, y - 4) for x, y in stage.camera.project(strip)], stage.trim, stage.px(22))
    name_plate(stage, box.side, (length * 0.06, height * 0.24), 17)


def _flower(u: float, v: float) -> list[tuple[float, float]]:
    """A paw of air holes."""
    ring = [(-44, 22), (-16, 46), (16, 46), (44, 22)]
    pad = [(-24, -8), (0, 6), (24, -8), (-10, -30), (12, -30)]
    return [(u - 40 + x, v + y) for x, y in (*ring, *pad)]


def _clip(stage: Stage) -> None:
    """Cove: the front half lifts away along an upright seam; leaf-shaped slots, a card window."""
    split, length, width, height = 0.36, stage.length, stage.width, stage.height
    box = k.shells(stage, split=split, corner=70, top=66, bottom=26, lean=(12, 24))
    pale = mix(stage.paint, SNOW, 0.25)
    k.paint_shells(stage, box, split=split, lower=stage.trim, upper=pale, flange=darker(stage.paint, 0.3), lip=6)
    seam = [box.side(-length * 0.02, height * (split + 0.04 + 0.0595 * i)) for i in range(10)]
    line = stage.camera.project(seam)
    stage.canvas.stroke(line, darker(stage.paint, 0.4), stage.px(5))
    stage.canvas.stroke([(x + 5, y) for x, y in line], lighter(stage.paint, 0.5), stage.px(2))
    for i in range(4):
        for side in (-1, 1):
            u = side * length * (0.10 + 0.085 * i) - length * 0.02
            leaf = arch(17, height * (0.30 - 0.04 * i), 8, 8, (u, height * 0.66 - i * 5))
            k.vent(stage, box.side, leaf, stage.inside)
    door = arch(width * 0.50, height * 0.60, 40, 72, (0, height * 0.50))
    k.grid_door(stage, box.end, door, rim=15, colour=darker(stage.paint, 0.25), grid=(5, 2))
    k.clips(stage, box.side, (-length * 0.26, length * 0.30), height * split, SNOW)
    card = rectangle(100, 52, 8, length * 0.02, height * 0.17)
    frame(stage, box.side, card, 5, darker(stage.paint, 0.2))
    stage.canvas.fill(stage.on(box.side, card.points()), SNOW)
    k.top_handle(stage, box, darker(stage.paint, 0.3), reach=0.15, rise=40)
    name_plate(stage, box.side, (length * 0.02, height * 0.17), 22, ground=SNOW)
