"""Colours as RGB triples, and the few ways they are mixed here."""

from colorsys import rgb_to_hsv
from functools import lru_cache

RGB = tuple[int, int, int]

INK: RGB = (38, 34, 48)
SNOW: RGB = (255, 252, 246)


def parse(code: str) -> RGB:
    return int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16)


def mix(one: RGB, other: RGB, share: float) -> RGB:
    """`share` of the other colour in the one."""
    return (
        round(one[0] + (other[0] - one[0]) * share),
        round(one[1] + (other[1] - one[1]) * share),
        round(one[2] + (other[2] - one[2]) * share),
    )


def darker(colour: RGB, share: float) -> RGB:
    return mix(colour, INK, share)


def lighter(colour: RGB, share: float) -> RGB:
    return mix(colour, SNOW, share)


def luminance(colour: RGB) -> float:
    return (0.30 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2]) / 255


def hue_and_saturation(colour: RGB) -> tuple[float, float]:
    hue, saturation, _ = rgb_to_hsv(colour[0] / 255, colour[1] / 255, colour[2] / 255)
    return hue, saturation


@lru_cache(maxsize=256)
def ramp(base: RGB, steps: int = 96) -> tuple[RGB, ...]:
    """The tones of one material from deep shade to full light; the base itself stands a little above the middle."""
    shade, light = darker(base, 0.62), lighter(base, 0.46)
    knee = 0.6
    tones = []
    for step in range(steps):
        t = step / (steps - 1)
        tones.append(mix(shade, base, t / knee) if t < knee else mix(base, light, (t - knee) / (1 - knee)))
    return tuple(tones)
