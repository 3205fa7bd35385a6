"""The countries of ISO 3166-1."""

import pytest
from django.core.exceptions import ValidationError

from core.countries import countries, validate_country


def test_there_are_249_countries() -> None:
    assert len(countries()) == 249
    assert {"DE", "CH", "GB", "JP", "US", "AX", "BQ"} < countries()


@pytest.mark.parametrize("code", ["ZZ", "EU", "UK", "XK", "de", "DEU", "", "D1"])
def test_what_is_no_country_is_refused(code: str) -> None:
    with pytest.raises(ValidationError):
        validate_country(code)
