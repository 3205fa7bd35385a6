"""What the lists of the shop window are asked, as the catalog and the board understand it."""

from collections.abc import Collection, Sequence
from typing import Any

from django.conf import settings
from django.utils import timezone
from rest_framework.request import Request

from catalog.facets import variants_ready
from catalog.fit import NO_CAT, CabinClass, Leg, Shell, needs_of_cats
from catalog.fitting import variants_that_fit
from catalog.selectors import Wish, currencies_offered, sizes_known
from catalog.version import catalog_version
from core.errors import FieldError, InvalidInput
from inventory import board
from inventory.api.serializers import currency_refused
from inventory.journeys import Journey, known_rules
from inventory.models import Depot
from inventory.travellers import kept_cats


def asked(query: dict[str, Any]) -> tuple[list[Depot], board.Days | None]:
    """The depots and the days asked about. Raises: InvalidInput."""
    depots = board.depots_asked(query.get("depot"))
    if sizes := query.get("size", ()):
        refuse_unknown_sizes(sizes, depots[0].catalog_version if depots else catalog_version())
    return depots, board.days_asked(query.get("start_on"), query.get("end_on"), depots)


def refuse_unknown_sizes(sizes: Sequence[str], version: str) -> None:
    """version: of the catalog. Raises: InvalidInput, naming the sizes there are."""
    known = sizes_known(version)
    if wrong := [(number, size) for number, size in enumerate(sizes) if size not in known]:
        named = ", ".join(filter(None, known))
        there_are = f"they are: {named}" if named else "nothing here names a size"
        raise InvalidInput(
            [
                FieldError(f"/size/{number}", f'Nothing has the size "{size}"; {there_are}.', "unknown")
                for number, size in wrong
            ]
        )


def wish_of(query: dict[str, Any], days: board.Days | None, only: Collection[int] | None) -> Wish:
    return Wish(
        currency=query["currency"],
        mode=query.get("mode"),
        search=query["search"],
        kinds=query.get("kind", ()),
        sizes=query.get("size", ()),
        days=days.count if days else None,
        first_on=days.start_on if days else None,
        min_price_minor=query.get("min_price"),
        max_price_minor=query.get("max_price"),
        only=only,
    )


def fits(request: Request, query: dict[str, Any], days: board.Days | None) -> list[int] | None:
    """The variants that fit the cat and the airline asked about; None when neither was. At most three statements."""
    if "cat" not in query and "airline" not in query:
        return None
    cat = kept_cats(request.user, {"/cat": query["cat"]})[query["cat"]] if "cat" in query else NO_CAT
    if "airline" not in query:
        return variants_that_fit([{shell: [needs_of_cats([cat])] for shell in Shell}])
    on = days.start_on if days else timezone.now().date()
    leg = Leg(airline=query["airline"], cabin=place_of(query) or CabinClass.ECONOMY, on=on)
    rules = known_rules([leg], pointer="/airline")
    return variants_that_fit(Journey(cats=[cat], together=False, legs=[leg]).asks(rules))


def fits_and_ready(request: Request, query: dict[str, Any], days: board.Days | None) -> list[int] | None:
    """`fits`, as far as an airline plainly takes them where `ready` asks for. One statement more."""
    fitting = fits(request, query, days)
    if not query.get("ready"):
        return fitting
    on = days.start_on if days else None
    taken = variants_ready(query["ready"], airline=query.get("airline"), place=place_of(query), on=on)
    return taken if fitting is None else sorted({*taken} & {*fitting})


def place_of(query: dict[str, Any]) -> str | None:
    """Where the cat travels with the airline asked about; None when none was."""
    return query.get("cabin", CabinClass.ECONOMY.value) if "airline" in query else None


def refuse_idle_currency(currency: str) -> None:
    """For where nothing was found: because nothing at all is offered in this currency? One statement.

    Raises: InvalidInput, naming the currencies there are.
    """
    if currency != settings.DEFAULT_CURRENCY and currency not in currencies_offered():
        raise InvalidInput([FieldError("/currency", currency_refused(currency), "not_offered")])
