"""What makes each container of the demo range look like itself: its cut, its trim, and its cat."""

from dataclasses import dataclass, replace
from zlib import crc32

from config.demo.pictures.cat import Mood
from config.demo.pictures.coats import COATS, Coat
from config.demo.pictures.colour import RGB

CHARCOAL: RGB = (62, 62, 72)
LEATHER: RGB = (142, 92, 62)
LINEN: RGB = (240, 228, 206)
STEEL: RGB = (188, 194, 202)
WOOD: RGB = (198, 150, 98)
RED: RGB = (205, 76, 66)
ORANGE: RGB = (232, 136, 58)
LIME: RGB = (150, 190, 84)
AQUA: RGB = (92, 178, 186)
PETROL: RGB = (44, 92, 108)
SUNNY: RGB = (240, 190, 84)
ROSE: RGB = (222, 140, 142)


@dataclass(frozen=True)
class Look:
    cut: str  # which of its kind's shapes it has
    trim: RGB
    coat: str
    mood: Mood = "awake"
    tilt: float = 0.0
    mirrored: bool = False

    @property
    def fur(self) -> Coat:
        return COATS[self.coat]


LOOKS: dict[str, Look] = {
    # soft
    "minkaro-murmur": Look("lid", LINEN, "ginger", tilt=-6),
    "hollowfern-sliver": Look("flat", AQUA, "silver tabby", "curious", mirrored=True),
    "pawlinder-tuck-and-turn": Look("wing", SUNNY, "tuxedo", "awake", 6),
    "olivetto-piazza": Look("tote", LEATHER, "calico", "awake", -7, mirrored=True),
    "fjellkatt-ullbo": Look("felt", WOOD, "blue", "sleepy", 5),
    "brumvik-vika": Look("arches", CHARCOAL, "seal point", "awake", -4, mirrored=True),
    # hard
    "fjellkatt-hytte": Look("gable", CHARCOAL, "brown tabby", "curious", -5),
    "kestwick-harbour": Look("deep", PETROL, "white", "awake", 5, mirrored=True),
    "brumvik-tvedor": Look("roof door", CHARCOAL, "red cap", "awake", 7),
    "minkaro-cobble": Look("egg", ROSE, "black", "curious", -4, mirrored=True),
    "hollowfern-cove": Look("clip", LINEN, "grey and white", "awake", 4),
    # backpacks
    "pawlinder-orbit": Look("bubble", ORANGE, "red cap", "curious", 5),
    "fjellkatt-sti": Look("trail", LINEN, "maine coon", "awake", -5, mirrored=True),
    "minkaro-lookout": Look("panel", CHARCOAL, "tortie", "awake", 5),
    "olivetto-vespera": Look("flap", LINEN, "white", "awake", -8, mirrored=True),
    "hollowfern-bramble": Look("rings", LIME, "cream persian", "awake", 4),
    # wheeled
    "kestwick-concourse": Look("case", STEEL, "blue point", "awake", 4),
    "pawlinder-sway": Look("three ways", CHARCOAL, "ginger and white", "curious", -5, mirrored=True),
    "brumvik-trikk": Look("tram", LINEN, "grey and white", "curious", 4),
    "minkaro-trundle": Look("pram", LEATHER, "brown tabby", "sleepy", -7, mirrored=True),
    # car crates
    "brumvik-bollard": Look("tubes", STEEL, "smoke persian", "awake", -4),
    "kestwick-milestone": Look("double wall", AQUA, "ginger", "sleepy", 5, mirrored=True),
    "fjellkatt-fjell": Look("steel", WOOD, "black", "awake", 6),
    "hollowfern-tailgate": Look("lounge", LINEN, "blue point", "curious", -5, mirrored=True),
    # airline crates
    "kestwick-meridian": Look("classic", PETROL, "silver tabby", "awake", 5),
    "brumvik-isbre": Look("double roof", PETROL, "seal point", "curious", -5, mirrored=True),
    "minkaro-perihel": Look("round", LINEN, "calico", "awake", 5),
    "fjellkatt-nordlys": Look("windbreak", SUNNY, "maine coon", "sleepy", 4, mirrored=True),
    "pawlinder-contrail": Look("folding", RED, "tuxedo", "curious", -6),
}

_FALLBACK = {
    "soft": "lid", "hard": "deep", "backpack": "bubble", "wheeled": "case", "car_crate": "steel",
    "airline_crate": "classic",
}  # fmt: skip


def look_of(slug: str, kind: str) -> Look:
    """The look written down for this container, or a steady choice for one that is not in the demo range."""
    if slug in LOOKS:
        return LOOKS[slug]
    dice = crc32(slug.encode())
    coats = sorted(COATS)
    plain = Look(_FALLBACK[kind], CHARCOAL, coats[dice % len(coats)])
    return replace(plain, mirrored=bool(dice & 256), tilt=float(dice // 512 % 15 - 7))
