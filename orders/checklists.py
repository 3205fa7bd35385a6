"""What a clerk looks at before a unit leaves, and again when it is back, by the kind of container."""

from dataclasses import dataclass

from catalog.models import Kind


@dataclass(frozen=True, slots=True)
class Point:
    code: str
    text: str


_DOOR = Point("door", "Every door closes, locks and stays closed")
_BOLTS = Point("bolts", "All bolts, nuts and clips are there and tight")
_ZIPS = Point("zips", "Every zip closes and its clip holds")
_MESH = Point("mesh", "Mesh, grids and windows are whole")
_STRAPS = Point("straps", "Handle and straps hold")
_WHEELS = Point("wheels", "The wheels turn and can be taken off or locked")
_BOWLS = Point("bowls", "Bowls for food and water are fixed to the door")
_PAD = Point("pad", "The pad is clean and dry")
_CLEAN = Point("clean", "It is clean and dry")
_WHOLE = Point("whole", "Nothing of it is torn, cracked or missing")
_LABEL = Point("label", "The label for the owner's address is on")

_POINTS: dict[str, tuple[Point, ...]] = {
    Kind.SOFT: (_ZIPS, _MESH, _STRAPS, _PAD, _LABEL),
    Kind.HARD: (_DOOR, _BOLTS, _MESH, _STRAPS, _PAD, _LABEL),
    Kind.BACKPACK: (_ZIPS, _MESH, _STRAPS, _PAD, _LABEL),
    Kind.WHEELED: (_ZIPS, _MESH, _STRAPS, _WHEELS, _PAD, _LABEL),
    Kind.CAR_CRATE: (_DOOR, _BOLTS, _MESH, _PAD, _LABEL),
    Kind.ACCESSORY: (_CLEAN, _WHOLE),
    Kind.AIRLINE_CRATE: (_DOOR, _BOLTS, _MESH, _BOWLS, _PAD, _LABEL),
}


def points_of(kind: str) -> tuple[Point, ...]:
    """The checklist for a kind of container, in the order in which it is gone through."""
    return _POINTS[kind]
