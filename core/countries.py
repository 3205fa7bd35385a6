"""The countries that ISO 3166-1 lists, as far as CLDR has a name for them: all 249."""

import functools

from babel import Locale
from django.core.exceptions import ValidationError

# CLDR names these too, but they are reserved, groups of countries, or of private use.
_NO_COUNTRIES = frozenset(["AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "XK", "ZZ"])


@functools.cache
def countries() -> frozenset[str]:
    """Two-letter codes."""
    codes = map(str, Locale("en").territories)
    return frozenset(code for code in codes if len(code) == 2 and code.isalpha()) - _NO_COUNTRIES


def validate_country(code: str) -> None:
    """Raises: ValidationError."""
    if code not in countries():
        raise ValidationError("Use an ISO 3166 two-letter code such as DE.", code="invalid")
