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
    ROOM = "room", "It fits, with room to spare."
    LITTLE_ROOM = "little_room", "It fits with less than 10 mm to spare."
    LITTLE_WEIGHT = "little_weight", "It fits with less than 300 g to spare."
    CAT_TOO_LARGE = "cat_too_large", "The container is too small inside."
    CAT_TOO_HEAVY = "cat_too_heavy", "The container does not carry that much."
    SPACE_TOO_SMALL = "space_too_small", "The container is larger than the space there is for it."
    TOO_HEAVY = "too_heavy", "Cat and container weigh more than the airline allows."
    NOT_TAKEN = "not_taken", "The airline does not take cats there."
    SHELL_NOT_TAKEN = "shell_not_taken", "The airline does not take this kind of carrier there."
    SNUB_NOSED_NOT_TAKEN = "snub_nosed_not_taken", "The airline does not take snub-nosed cats there."
    TOO_MANY_CATS = "too_many_cats", "So many cats may not share one container."
    UNLIKE_CATS = "unlike_cats", "Only cats of similar size and age share a crate."
    USED_TO_EACH_OTHER = "used_to_each_other", "Only cats that are used to each other share a crate."
    NO_ROOM_TO_TURN = "no_room_to_turn", "The cat may not be able to turn in it."
    SOFT_IN_HOLD = "soft_in_hold", "Only hard crates travel in the hold."
    MADE_FOR_CARS = "made_for_cars", "It is made for cars."
    NO_RULE = "no_rule", "We know no rule of this airline for this."
    NO_LIMIT = "no_limit", "The airline names no size."
    OLD_RULE = "old_rule", "Nobody has checked the airline's rule for 180 days."
    DOUBTFUL_RULE = "doubtful_rule", "Our source for the airline's rule is not sure enough."
    BY_AIRCRAFT = "by_aircraft", "It depends on the aircraft."
    SNUB_NOSED_UNKNOWN = "snub_nosed_unknown", "Many airlines take no snub-nosed cats in the hold."
