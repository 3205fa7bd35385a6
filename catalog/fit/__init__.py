"""Does this container fit this cat, and does this airline take it? In mm and g, by rules that are data.

Cabin and hold are judged apart, as neither says anything about the other: the hold by the formula that the carriage
rules of airlines (IATA Live Animals Regulations, container requirement 1) give for the inside of a crate, the cabin by
the outside of the carrier and the space under the seat. A rule that is old, doubtful or missing never says yes; it says
that the airline must be asked. Height is never turned, the footprint may be.
"""

from catalog.fit.measures import NO_CAT, Box, Cat, Leg, Room, Size
from catalog.fit.needs import Asked, Needs, crate_for, needs, needs_of_cats
from catalog.fit.rules import BELIEVED_FOR, CabinRule, HoldRule, Rule, Rules
from catalog.fit.sentences import sentence
from catalog.fit.verdicts import TIGHT_BELOW_G, TIGHT_BELOW_MM, Verdict, verdict, worst
from catalog.fit.words import BELIEVED, HOLD, PLACES, Answer, CabinClass, Reason, Shell, Trust

__all__ = [
    "BELIEVED",
    "BELIEVED_FOR",
    "HOLD",
    "NO_CAT",
    "PLACES",
    "TIGHT_BELOW_G",
    "TIGHT_BELOW_MM",
    "Answer",
    "Asked",
    "Box",
    "CabinClass",
    "CabinRule",
    "Cat",
    "HoldRule",
    "Leg",
    "Needs",
    "Reason",
    "Room",
    "Rule",
    "Rules",
    "Shell",
    "Size",
    "Trust",
    "Verdict",
    "crate_for",
    "needs",
    "needs_of_cats",
    "sentence",
    "verdict",
    "worst",
]
