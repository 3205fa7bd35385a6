"""Soft bags: cloth, mesh windows, zips and handles."""

from config.demo.pictures.canvas import Canvas
from config.demo.pictures.colour import SNOW, darker, lighter, luminance, mix
from config.demo.pictures.geometry import Outline, Point, arc, arch, rectangle, smooth
from config.demo.pictures.parts import bow, frame, mesh, name_plate, opening, peek, strap, zipper
from config.demo.pictures.solid import Solid, rounded_profile, visible
from config.demo.pictures.stage import Box, Face, Stage


def draw_soft(stage: Stage) -> None:
    cut = stage.look.cut
    stage.aim(34, 20, above={"wing": 165, "tote": 190, "felt": 70}.get(cut, 95))
    box = _body(stage)
    stage.ground(box.solid.at(8))
    if cut not in ("felt", "flat"):
        _handle(stage, box, near=False)
    stage.solid(box.solid, stage.paint, gloss=0.03)
    _seams(stage, box)
    {"lid": _lid, "flat": _flat, "wing": _wing, "tote": _tote, "felt": _felt, "arches": _arches}[cut](stage, box)


def _body(stage: Stage) -> Box:
    cut, length, width, height = stage.look.cut, stage.length, stage.width, stage.height
    corner = {"arches": width * 0.42, "felt": width * 0.36, "flat": 40.0}.get(cut, 54.0)
    top = {"felt": 66.0, "arches": 44.0, "tote": 8.0}.get(cut, 34.0)
    crown, reach = (0.0, 0.0) if cut == "tote" else (12.0, 40.0)
    solid = Solid(rectangle(length, width, corner), rounded_profile(height, 20, top, crown=crown, reach=reach), bulge=9)
    return Box(solid, length, width, height, corner)


def _ring(stage: Stage, box: Box, z: float) -> list[Point]:
    return visible(stage.camera, box.solid.at(z, 0.5))


def _seams(stage: Stage, box: Box) -> None:
    """Piping where the sides meet lid and floor."""
    piping = stage.trim if stage.look.cut in ("arches", "wing") else lighter(stage.paint, 0.25)
    top = stage.height - (52 if stage.look.cut in ("felt", "arches") else 40)
    for z in (24.0, top) if stage.look.cut != "tote" else (24.0,):
        line = _ring(stage, box, z)
        stage.canvas.stroke([(x, y + 4) for x, y in line], darker(stage.paint, 0.5), stage.px(4))
        stage.canvas.stroke(line, piping, stage.px(3.4))


def _handle(stage: Stage, box: Box, *, near: bool, tall: float | None = None) -> None:
    """Webbing up the side, over the top, and down again; the far one is drawn before the body."""
    rise = tall or (150.0 if stage.look.cut == "tote" else 88.0)
    reach, foot = stage.length * 0.215, stage.height - 44
    y = -box.width / 2 - 6 if near else box.width / 2
    lean = (0.0, 34.0, 0.0) if near else (0.0, -30.0, 0.0)
    line = bow((-reach, y, foot), (reach, y, foot), rise + 44, lean=lean, square=0.42)
    colour = stage.trim if stage.look.cut == "tote" else stage.cloth
    if near:
        low = 26.0
        left = [box.side(-reach, low + (foot - low) * i / 8) for i in range(9)]
        right = [box.side(reach, low + (foot - low) * i / 8) for i in range(9)][::-1]
        line = [*left, *line[1:-1], *right]
    strap(stage, stage.camera.project(line), 20, colour if near else darker(colour, 0.2))


def _hanging_handle(stage: Stage, box: Box) -> None:
    """The near handle let fall over the side, so that it does not cross the cat."""
    reach, top, y = stage.length * 0.24, stage.height, -box.width / 2
    fall = bow(
        (-reach, y - 4, top - 8), (reach, y - 4, top - 8), -stage.height * 0.50, lean=(0.0, -16.0, 0.0), square=0.7
    )
    shadow = stage.camera.project([(x + 4, y, z - 8) for x, _, z in fall])
    stage.canvas.stroke(shadow, darker(stage.paint, 0.6), stage.px(15), alpha=60)
    strap(stage, stage.camera.project(fall), 17, stage.trim)
    for u in (-reach, reach):
        tab = rectangle(24, 46, 8, u, top - 34)
        frame(stage, box.side, tab, 1, stage.trim, seam=False)


def _window(
    stage: Stage,
    face: Face,
    outline: Outline,
    *,
    cat: tuple[float, float, float] | None = None,
    rim: float = 11,
    net: bool = True,
) -> None:
    frame(stage, face, outline, rim, stage.cloth, seam=True)
    opening(stage, face, outline, cat=cat)
    if net:
        mesh(stage, face, outline)


def _end_window(stage: Stage, box: Box, *, tall: float = 0.44) -> None:
    outline = rectangle(stage.width * 0.52, stage.height * tall, 22, 0, stage.height * 0.48)
    _window(stage, box.end, outline)


def _lid(stage: Stage, box: Box) -> None:
    """Murmur: one large window in the side, a lid that unzips all around."""
    length, height = stage.length, stage.height
    _end_window(stage, box)
    outline = rectangle(length * 0.72, height * 0.52, 30, 0, height * 0.47)
    _window(stage, box.side, outline, cat=(0.0, height * 0.40, 50))
    zipper(stage, _ring(stage, box, height - 31)[3:-4], tape=stage.cloth, pull=stage.trim)
    _handle(stage, box, near=True)
    name_plate(stage, box.side, (length * 0.27, height * 0.135), 17)


def _flat(stage: Stage, box: Box) -> None:
    """Sliver: low, with a window band in three parts and a bright zip."""
    length, height = stage.length, stage.height
    _end_window(stage, box, tall=0.40)
    for i, cat in ((-1, None), (0, None), (1, (length * 0.275, height * 0.41, 43.0))):
        outline = rectangle(length * 0.245, height * 0.46, 20, i * length * 0.285, height * 0.48)
        _window(stage, box.side, outline, cat=cat, rim=8)
    zipper(stage, _ring(stage, box, height - 31)[3:-4], tape=stage.trim, pull=SNOW)
    _shoulder_strap(stage)
    name_plate(stage, box.side, (0, height * 0.15), 14)


def _shoulder_strap(stage: Stage) -> None:
    """A long strap lying over the lid and hanging down in front."""
    h, a = stage.height, stage.length / 2
    shape = ((-0.86, -10.0, -6.0), (-0.4, 50.0, 34.0), (0.1, 40.0, 46.0), (0.55, 20.0, 30.0), (0.92, -10.0, -8.0))
    line = [(u * a, y, h + z) for u, y, z in shape]
    strap(stage, smooth(stage.camera.project(line), 10, closed=False), 22, stage.cloth)
    for place in (line[0], line[-1]):
        _ring_and_hook(stage.canvas, stage.spot(place), stage.px(13))


def _ring_and_hook(canvas: Canvas, centre: Point, size: float) -> None:
    metal = (186, 190, 198)
    canvas.tube(arc(centre, (size, size * 0.9), 0, 345, steps=24), metal, size * 0.36, closed=True)


def _wing(stage: Stage, box: Box) -> None:
    """Tuck & Turn: a side wing behind a diagonal zip, and the cat looking out of the lid."""
    length, height = stage.length, stage.height
    _end_window(stage, box, tall=0.5)
    panel = rectangle(length * 0.84, height * 0.60, 34, 0, height * 0.45)
    frame(stage, box.side, panel, 4, darker(stage.paint, 0.2))
    stage.canvas.fill(stage.on(box.side, panel.points()), lighter(stage.paint, 0.10))
    outline = rectangle(length * 0.40, height * 0.40, 24, length * 0.17, height * 0.47)
    _window(stage, box.side, outline, rim=9)
    for i in range(3):
        fold = stage.on(
            box.side, [(-length * (0.34 - 0.085 * i), height * 0.2), (-length * (0.34 - 0.085 * i), height * 0.7)]
        )
        stage.canvas.stroke(fold, darker(stage.paint, 0.22), stage.px(3))
        stage.canvas.stroke([(x + 5, y) for x, y in fold], lighter(stage.paint, 0.35), stage.px(1.6))
    line = stage.on(box.side, panel.points())
    zipper(stage, line[30:] + line[:18], tape=stage.cloth, pull=stage.trim)
    hole = rectangle(length * 0.56, stage.width * 0.56, 50, -length * 0.06, 0)
    frame(stage, box.top, hole, 9, stage.trim, seam=True)
    peek(stage, box.top, hole, half_head=56, rise=52, at=(-length * 0.06, 10))
    name_plate(stage, box.side, (0, height * 0.085), 15)


def _tote(stage: Stage, box: Box) -> None:
    """Piazza: an open shoulder bag with a leather floor, long handles, and a row of eyelets."""
    length, height, leather = stage.length, stage.height, stage.trim
    stage.solid(box.solid.part(0, height * 0.27, 1.2), leather, gloss=0.12, capped=False)
    edge = _ring(stage, box, height * 0.27)
    stage.canvas.dashes([(x, y + 9) for x, y in edge], lighter(leather, 0.5), 3.4, 10)
    for i in range(7):
        u = (i - 3) * length * 0.088
        centre = stage.on(box.side, [(u, height * 0.62)])[0]
        stage.canvas.dot(centre, stage.px(10), darker((206, 168, 92), 0.25))
        stage.canvas.dot((centre[0] - 2, centre[1] - 3), stage.px(9.3), (222, 188, 112))
        stage.canvas.dot(centre, stage.px(6), stage.inside)
    hole = rectangle(length * 0.88, stage.width * 0.80, 46, 0, 0)
    frame(stage, box.top, hole, 12, mix(stage.paint, SNOW, 0.65), seam=True)
    peek(stage, box.top, hole, half_head=60, rise=58, at=(length * 0.01, 6))
    _hanging_handle(stage, box)
    _end_pocket(stage, box, leather)
    name_plate(stage, box.side, (0, height * 0.145), 16, ground=lighter(leather, 0.5))


def _end_pocket(stage: Stage, box: Box, colour: tuple[int, int, int]) -> None:
    pocket = arch(stage.width * 0.54, stage.height * 0.40, 22, 8, (0, stage.height * 0.50))
    frame(stage, box.end, pocket, 2, darker(stage.paint, 0.18), seam=False)
    stage.canvas.fill(stage.on(box.end, pocket.points()), lighter(stage.paint, 0.08))
    line = stage.on(box.end, pocket.points(5))
    stage.canvas.dashes([*line, line[0]], lighter(stage.paint, 0.5), 3, 9)
    flap = arch(stage.width * 0.56, stage.height * 0.12, 16, 6, (0, stage.height * 0.67))
    frame(stage, box.end, flap, 2, colour)


def _felt(stage: Stage, box: Box) -> None:
    """Ullbo: pressed wool, one round porch, a wooden handle bar; blanket stitches instead of piping."""
    length, height = stage.length, stage.height
    _blanket_stitch(stage, box)
    porch = rectangle(height * 0.60, height * 0.60, height * 0.30, -length * 0.03, height * 0.43)
    frame(stage, box.side, porch, 15, lighter(stage.paint, 0.2), seam=True)
    opening(stage, box.side, porch, cat=(-length * 0.03, height * 0.36, 56))
    for u in (-0.11, 0.11):
        band = bow((u * length, -34.0, height - 4.0), (u * length, 34.0, height - 4.0), 52, square=0.5)
        strap(stage, stage.camera.project(band), 15, darker(stage.paint, 0.45))
    bar = stage.camera.project([(-length * 0.15, 0.0, height + 46.0), (length * 0.15, 0.0, height + 46.0)])
    stage.canvas.tube(bar, stage.trim, stage.px(20))
    for u in (-0.2, 0.2):
        vent = rectangle(stage.width * 0.12, height * 0.30, stage.width * 0.06, u * stage.width, height * 0.46)
        frame(stage, box.end, vent, 6, lighter(stage.paint, 0.14))
        opening(stage, box.end, vent)
    name_plate(stage, box.side, (length * 0.33, height * 0.2), 17, ground=stage.trim)


def _blanket_stitch(stage: Stage, box: Box) -> None:
    thread = mix(stage.paint, SNOW, 0.72)
    low, high = _ring(stage, box, stage.height - 52), _ring(stage, box, stage.height - 38)
    for i in range(1, min(len(low), len(high)), 1):
        stage.canvas.stroke((low[i], high[i]), thread, stage.px(2.2))
    stage.canvas.stroke(low, thread, stage.px(2.4))


def _arches(stage: Stage, box: Box) -> None:
    """Vika: round ends and three arched windows; reflective piping, a pocket for papers on the lid."""
    length, height = stage.length, stage.height
    for i in (-1, 0, 1):
        cat = (0.0, height * 0.39, 47.0) if i == 0 else None
        tall = height * (0.52 if i == 0 else 0.44)
        wide = length * (0.27 if i == 0 else 0.16)
        outline = arch(wide, tall, 12, wide * 0.49, (i * length * 0.255, height * 0.19 + tall / 2))
        _window(stage, box.side, outline, cat=cat, rim=8)
    end = arch(stage.width * 0.34, height * 0.44, 12, stage.width * 0.165, (0, height * 0.41))
    _window(stage, box.end, end, rim=8)
    shine = (226, 230, 234) if luminance(stage.paint) < 0.5 else (250, 250, 246)
    stage.canvas.stroke(_ring(stage, box, height * 0.125), shine, stage.px(6))
    zipper(stage, _ring(stage, box, height - 38)[3:-4], tape=stage.cloth, pull=shine)
    pocket = rectangle(length * 0.34, stage.width * 0.34, 14, 0, 0)
    frame(stage, box.top, pocket, 5, darker(stage.paint, 0.2), seam=True)
    stage.canvas.fill(stage.on(box.top, pocket.points()), mix(stage.paint, SNOW, 0.7))
    _handle(stage, box, near=True, tall=80)
    name_plate(stage, box.top, (0, 0), 20, ground=SNOW)
