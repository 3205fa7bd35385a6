"""What is asked and answered, in words."""

from django.db.models import TextChoices

HOLD = "hold"


class CabinClass(TextChoices):
    ECONOMY = "economy", "Economy"
    PREMIUM_ECONOMY = "premium_economy", "Premium economy"
    BUSINESS = "business", "Business"
    FIRST = "first", "First"


PLACES = [*CabinClass.values, HOLD]  # where a cat travels on a leg


class Shell(TextChoices):
    SOFT = "soft", "Soft carriers"
    HARD = "hard", "Hard carriers"


class Trust(TextChoices):
    """How far the source of a rule can be believed."""

    GOOD = "good", "Good"
    MEDIUM = "medium", "Medium"
    LOW = "low", "Low"
    UNCERTAIN = "uncertain", "Uncertain"


BELIEVED = (Trust.GOOD, Trust.MEDIUM)  # enough to say yes or no by it


class Answer(TextChoices):
    """From best to worst. `too_small` is the only no: `Reason` says for whom or what there is too little room."""

    FITS = "fits"
    TIGHT = "tight"
    ASK_AIRLINE = "ask_airline"
    TOO_SMALL = "too_small"


class Reason(TextChoices):
    """Said to somebody who stands at an airport; `in_place` says it of the hold where that is another thing."""

    ROOM = "room", "It fits under the seat."
    LITTLE_ROOM = "little_room", "It only just fits under the seat."
    LITTLE_WEIGHT = "little_weight", "It fits, but is nearly too heavy."
    CAT_TOO_LARGE = "cat_too_large", "It is too small inside for the cat."
    CAT_TOO_HEAVY = "cat_too_heavy", "The cat is heavier than it can carry."
    SPACE_TOO_SMALL = "space_too_small", "It is too large to go under the seat."
    TOO_HEAVY = "too_heavy", "Cat and carrier together are heavier than the airline allows."
    NOT_TAKEN = "not_taken", "The airline takes no cats in this cabin."
    SHELL_NOT_TAKEN = "shell_not_taken", "The airline does not take this kind of carrier in the cabin."
    SNUB_NOSED_NOT_TAKEN = "snub_nosed_not_taken", "The airline takes no snub-nosed cats there."
    TOO_MANY_CATS = "too_many_cats", "So many cats may not share one carrier."
    UNLIKE_CATS = "unlike_cats", "Only cats of similar size and age may share a crate."
    USED_TO_EACH_OTHER = (
        "used_to_each_other",
        "Ask the airline: grown cats may share a crate only if they are used to each other.",
    )
    NO_ROOM_TO_TURN = "no_room_to_turn", "Ask the airline: the cat may be too long to turn around in it."
    SOFT_IN_HOLD = "soft_in_hold", "Only hard crates travel in the hold."
    MADE_FOR_CARS = "made_for_cars", "It is made for cars, not for planes."
    NO_RULE = "no_rule", "Ask the airline: we do not know its rules for cats in the cabin."
    NO_LIMIT = "no_limit", "Ask the airline: it takes cats in the cabin, but names no size."
    OLD_RULE = "old_rule", "Ask the airline: we last read its rule more than 180 days ago."
    DOUBTFUL_RULE = "doubtful_rule", "Ask the airline: we are not sure of its rule."
    BY_AIRCRAFT = "by_aircraft", "Ask the airline which plane it is: this goes on some of them, on others not."
    SNUB_NOSED_UNKNOWN = (
        "snub_nosed_unknown", "Ask the airline: many do not take snub-nosed cats in the hold."
    )  # fmt: skip

    def in_place(self, place: str) -> str:
        """Of a class of the cabin, or of the hold."""
        return (_IN_THE_HOLD.get(self) if place == HOLD else None) or str(self.label)


_IN_THE_HOLD: dict[Reason, str] = {
    Reason.ROOM: "The cat can stand and turn in it.",
    Reason.LITTLE_ROOM: "The cat can only just stand and turn in it.",
    Reason.CAT_TOO_LARGE: "The cat could not stand and turn in it.",
    Reason.SPACE_TOO_SMALL: "It is larger than the airline takes in the hold.",
    Reason.NOT_TAKEN: "The airline takes no cats in the hold.",
    Reason.SNUB_NOSED_NOT_TAKEN: "The airline takes no snub-nosed cats in the hold.",
    Reason.TOO_MANY_CATS: "So many cats may not share one crate.",
    Reason.NO_RULE: "Ask the airline: we do not know its rules for cats in the hold.",
}
