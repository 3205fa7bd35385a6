"""A picture being painted at twice its size, so that halving it smooths every edge."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import pairwise
from math import ceil, floor, hypot

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from config.demo.pictures.colour import RGB, darker, lighter
from config.demo.pictures.geometry import Point, ellipse

WIDTH, HEIGHT = 1200, 900
SUPER = 2
COARSE = 4  # soft tones are painted at this fraction of the canvas
Box = tuple[int, int, int, int]


class Canvas:
    def __init__(self, image: Image.Image) -> None:
        self._use(image, (0, 0))

    def _use(self, image: Image.Image, corner: tuple[int, int]) -> None:
        self.image = image
        self._corner = corner  # where the image's upper left lies in the picture
        self._solid = ImageDraw.Draw(image)
        self._glass = ImageDraw.Draw(image, "RGBA")  # blends its ink with what lies below

    def finished(self) -> Image.Image:
        return self.image.reduce(SUPER)

    def fill(self, points: Sequence[Point], colour: RGB, alpha: int = 255) -> None:
        if alpha == 255:
            self._solid.polygon(self._local(points), fill=colour)
        else:
            self._glass.polygon(self._local(points), fill=(*colour, alpha))

    def dot(self, centre: Point, radius: float, colour: RGB, alpha: int = 255) -> None:
        ((x, y),) = self._local((centre,))
        pen, ink = (self._solid, colour) if alpha == 255 else (self._glass, (*colour, alpha))
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=ink)

    def oval(self, centre: Point, rx: float, ry: float, colour: RGB, alpha: int = 255) -> None:
        self.fill(ellipse(*centre, rx, ry), colour, alpha)

    def stroke(
        self, points: Sequence[Point], colour: RGB, width: float, *, alpha: int = 255, closed: bool = False
    ) -> None:
        """A band along the points; open ends are round when the ink is opaque."""
        self.fill(ribbon(points, width, closed=closed), colour, alpha)
        if alpha == 255 and not closed and width > 3:
            self.dot(points[0], width / 2, colour)
            self.dot(points[-1], width / 2, colour)

    def tube(self, points: Sequence[Point], colour: RGB, width: float, *, closed: bool = False) -> None:
        """A round bar: dark below, its own colour in the middle, a thin light on the upper left."""
        self.stroke(points, darker(colour, 0.45), width, closed=closed)
        lift = width * 0.1
        body = [(x - lift, y - lift) for x, y in points]
        self.stroke(body, colour, width * 0.7, closed=closed)
        shine = [(x - 1.8 * lift, y - 1.8 * lift) for x, y in points]
        self.stroke(shine, lighter(colour, 0.6), max(width * 0.2, 2), closed=closed)

    def dashes(self, points: Sequence[Point], colour: RGB, width: float, dash: float, *, alpha: int = 255) -> None:
        """A seam: every second piece of `dash` pixels along the line is drawn."""
        pieces = list(_walk(points, dash))
        for start, end in list(pairwise(pieces))[::2]:
            self.fill(ribbon((start, end), width), colour, alpha)

    def gradient(
        self, points: Sequence[Point], colour: RGB, start: Point, end: Point, alpha: tuple[int, int] = (0, 160)
    ) -> None:
        """The polygon washed with one colour, its strength running from `alpha[0]` at start to `alpha[1]` at end."""
        points, (start, end) = self._local(points), self._local((start, end))
        box = self._box(points)
        if box is None:
            return
        mask = _mask(points, box)
        dx, dy = end[0] - start[0], end[1] - start[1]
        length = (dx * dx + dy * dy) / 256 or 1.0
        affine = (
            0.0,
            0.0,
            1.0,
            dx / length,
            dy / length,
            256 + ((box[0] - start[0]) * dx + (box[1] - start[1]) * dy) / length,
        )
        slope = _slope(*alpha).transform(mask.size, Image.Transform.AFFINE, affine)
        self.image.paste(colour, box, ImageChops.multiply(mask, slope))

    def glow(self, centre: Point, rx: float, ry: float, colour: RGB, alpha: int) -> None:
        """A round light that fades towards its edge."""
        x, y = round(centre[0] - rx) - self._corner[0], round(centre[1] - ry) - self._corner[1]
        light = _spot(alpha).resize((max(round(2 * rx), 1), max(round(2 * ry), 1)), Image.Resampling.BILINEAR)
        self.image.paste(colour, (x, y), light)

    def blur(self, points: Sequence[Point], colour: RGB, alpha: int, radius: float) -> None:
        """The polygon as a soft shadow."""
        points = self._local(points)
        box = self._box(points, margin=radius * 2.5)
        if box is None:
            return
        coarse = 8
        small = Image.new("L", (max((box[2] - box[0]) // coarse, 1), max((box[3] - box[1]) // coarse, 1)), 0)
        ImageDraw.Draw(small).polygon([((x - box[0]) / coarse, (y - box[1]) / coarse) for x, y in points], fill=alpha)
        soft = small.filter(ImageFilter.GaussianBlur(radius / coarse))
        self.image.paste(colour, box, soft.resize((box[2] - box[0], box[3] - box[1]), Image.Resampling.BILINEAR))

    def art(self, artwork: Image.Image, corner: Point, right: Point, down: Point) -> None:
        """Stick flat RGBA artwork on a face: its upper left, upper right and lower left corners are given."""
        corner, right, down = self._local((corner, right, down))
        ux, uy, vx, vy = right[0] - corner[0], right[1] - corner[1], down[0] - corner[0], down[1] - corner[1]
        det = ux * vy - uy * vx
        box = self._box([corner, right, down, (right[0] + vx, right[1] + vy)])
        if box is None or abs(det) < 1:
            return
        w, h = artwork.size
        a, b, d, e = w * vy / det, -w * vx / det, -h * uy / det, h * ux / det
        x, y = box[0] - corner[0], box[1] - corner[1]
        size = (box[2] - box[0], box[3] - box[1])
        affine = (a, b, a * x + b * y, d, e, d * x + e * y)
        placed = artwork.transform(size, Image.Transform.AFFINE, affine, Image.Resampling.BILINEAR)
        self.image.paste(placed, box, placed)

    def mosaic(self, pieces: Sequence[tuple[Sequence[Point], RGB]]) -> None:
        """Adjoining pieces whose tones run into each other, within the sharp outline of them all together."""
        pieces = [(self._local(points), colour) for points, colour in pieces]
        box = self._box([p for points, _ in pieces for p in points])
        if box is None:
            return
        width, height = box[2] - box[0], box[3] - box[1]
        mask = Image.new("L", (width, height), 0)
        tones = Image.new("RGBA", (width // COARSE + 1, height // COARSE + 1))
        cut, pen = ImageDraw.Draw(mask), ImageDraw.Draw(tones)
        for points, colour in pieces:
            cut.polygon([(x - box[0], y - box[1]) for x, y in points], fill=255)
            pen.polygon([((x - box[0]) / COARSE, (y - box[1]) / COARSE) for x, y in points], fill=(*colour, 255))
        # blurred with premultiplied alpha, so that the tones reach over the edge instead of fading there
        soft = tones.convert("RGBa").filter(ImageFilter.GaussianBlur(1.8)).convert("RGBA").convert("RGB")
        part = (0, 0, width / COARSE, height / COARSE)
        self.image.paste(soft.resize((width, height), Image.Resampling.BILINEAR, part), box, mask)

    def hatch(
        self, points: Sequence[Point], lines: Sequence[tuple[Point, Point]], colour: RGB, width: int, alpha: int
    ) -> None:
        """Thin straight lines that show only within the polygon: mesh, weave, fine grids."""
        points = self._local(points)
        box = self._box(points)
        if box is None:
            return
        mask = _mask(points, box)
        net = Image.new("L", mask.size, 0)
        pen = ImageDraw.Draw(net)
        x, y = box[0] + self._corner[0], box[1] + self._corner[1]
        for (x0, y0), (x1, y1) in lines:
            pen.line((x0 - x, y0 - y, x1 - x, y1 - y), fill=alpha, width=width)
        self.image.paste(colour, box, ImageChops.multiply(mask, net))

    @contextmanager
    def clipped(self, points: Sequence[Point]) -> Iterator[None]:
        """What is painted inside the block shows only within the polygon."""
        local = self._local(points)
        box = self._box(local) or (0, 0, 1, 1)
        whole, corner = self.image, self._corner
        self._use(whole.crop(box), (corner[0] + box[0], corner[1] + box[1]))
        yield
        inside = self.image
        self._use(whole, corner)
        self.image.paste(inside, box, _mask(local, box))

    def _local(self, points: Sequence[Point]) -> Sequence[Point]:
        x0, y0 = self._corner
        return [(x - x0, y - y0) for x, y in points] if x0 or y0 else points

    def _box(self, points: Sequence[Point], margin: float = 1.0) -> Box | None:
        left, top = min(p[0] for p in points) - margin, min(p[1] for p in points) - margin
        right, bottom = max(p[0] for p in points) + margin, max(p[1] for p in points) + margin
        width, height = self.image.size
        box = max(floor(left), 0), max(floor(top), 0), min(ceil(right), width), min(ceil(bottom), height)
        return box if box[0] < box[2] and box[1] < box[3] else None


def ribbon(points: Sequence[Point], width: float | Sequence[float], *, closed: bool = False) -> list[Point]:
    """The outline of a band of this width (or these widths) along the points."""
    count = len(points)
    widths = [width] * count if isinstance(width, (int, float)) else width
    left: list[Point] = []
    right: list[Point] = []
    for i, (x, y) in enumerate(points):
        x0, y0 = points[i - 1] if closed or i else points[0]
        x1, y1 = points[(i + 1) % count] if closed else points[min(i + 1, count - 1)]
        size = hypot(x1 - x0, y1 - y0) or 1.0
        nx, ny = (y0 - y1) / size * widths[i] / 2, (x1 - x0) / size * widths[i] / 2
        left.append((x + nx, y + ny))
        right.append((x - nx, y - ny))
    if closed:
        left.append(left[0])
        right.append(right[0])
    return left + right[::-1]


def _walk(points: Sequence[Point], step: float) -> Iterator[Point]:
    """Points every `step` pixels along the line."""
    rest = 0.0
    for (x0, y0), (x1, y1) in pairwise(points):
        length = hypot(x1 - x0, y1 - y0)
        while rest < length:
            yield x0 + (x1 - x0) * rest / length, y0 + (y1 - y0) * rest / length
            rest += step
        rest -= length


def _mask(points: Sequence[Point], box: Box) -> Image.Image:
    mask = Image.new("L", (box[2] - box[0], box[3] - box[1]), 0)
    ImageDraw.Draw(mask).polygon([(x - box[0], y - box[1]) for x, y in points], fill=255)
    return mask


@lru_cache(maxsize=64)
def _slope(first: int, last: int) -> Image.Image:
    """A strip of 768 rows: 256 of the first strength, 256 running, 256 of the last, so that ends are clamped."""
    rows = [first] * 256 + [round(first + (last - first) * i / 255) for i in range(256)] + [last] * 256
    strip = Image.new("L", (2, 768))
    strip.putdata([value for value in rows for _ in range(2)])
    return strip


@lru_cache(maxsize=64)
def _spot(alpha: int) -> Image.Image:
    fade = [round(alpha * max(0.0, 1 - i / 181) ** 2) for i in range(256)]
    return Image.radial_gradient("L").point(fade)
