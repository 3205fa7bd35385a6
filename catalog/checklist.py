"""What "cat-approved" means: our own list. It is no crash-test certificate, and no airline body approves brands."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Item:
    code: str
    title: str
    text: str
    is_for_accessories: bool = False  # others are about what holds a cat


CHECKLIST = (
    Item(
        "ventilation",
        "Ventilation",
        "Air openings on at least three sides, on four for airline crates, in the upper two thirds; "
        "no opening lets a paw or a nose through (19 by 19 mm at most).",
    ),
    Item(
        "latch",
        "Latches and doors",
        "Every latch closes with a sound or a visible mark, holds a pull of 150 N, and cannot be opened from inside. "
        "Door pins reach at least 16 mm past the edge of the door.",
    ),
    Item(
        "escape_proof_zips",
        "Escape-proof zips",
        "Every zip ends in a clip, a hook or a covered channel. "
        "A treat outside and a patient cat inside do not open it in ten minutes.",
    ),
    Item(
        "floor",
        "Floor",
        "The floor carries one and a half times the stated load without sagging, does not slip, and takes an "
        "absorbent pad that stays in place.",
    ),
    Item(
        "washability",
        "Washable",
        "Everything a cat touches can be washed or disinfected, and smells of nothing when it is dry.",
        is_for_accessories=True,
    ),
    Item(
        "no_sharp_edges",
        "No sharp edges",
        "No wire end, burr or screw tip can be felt with a cotton ball on any inner face, nor on the way in.",
        is_for_accessories=True,
    ),
    Item(
        "label_place",
        "Place for labels",
        "Room outside for an address label, for the cat's name and a telephone number; on airline crates also for "
        "the live-animal and this-way-up labels.",
    ),
)
CODES = frozenset(item.code for item in CHECKLIST)


def items_of(kind: str) -> tuple[Item, ...]:
    """What of the list is asked of a kind of container."""
    return tuple(item for item in CHECKLIST if item.is_for_accessories or kind != "accessory")


def codes_of(kind: str) -> frozenset[str]:
    return frozenset(item.code for item in items_of(kind))
