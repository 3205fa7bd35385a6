"""Amounts as people type them."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from core.forms import AmountField, parse_amount


@pytest.mark.parametrize(
    ("typed", "currency", "minor"),
    [
        ("49.90", "EUR", 4990),
        ("49,90", "EUR", 4990),
        (" 49.9 ", "EUR", 4990),
        ("50", "EUR", 5000),
        ("0", "EUR", 0),
        ("8000", "JPY", 8000),
        ("8000.0", "JPY", 8000),
        ("1.234", "KWD", 1234),
        ("99999999.99", "EUR", 9_999_999_999),
    ],
)
def test_an_amount_is_stored_in_minor_units(typed: str, currency: str, minor: int):
    assert parse_amount(AmountField().clean(typed), currency) == minor


@pytest.mark.parametrize(
    ("typed", "currency", "said"),
    [
        ("49.999", "EUR", "EUR has 2 decimals, not more."),
        ("1,234", "EUR", "EUR has 2 decimals, not more."),  # never read as 1234
        ("49.90", "JPY", "JPY has no decimals: write a whole number."),
        ("100000000", "EUR", "This is more than €99,999,999.99."),
    ],
)
def test_an_amount_that_its_currency_does_not_have_is_refused_in_plain_words(typed: str, currency: str, said: str):
    with pytest.raises(ValidationError, match=said):
        parse_amount(AmountField().clean(typed), currency)


@pytest.mark.parametrize("typed", ["cheap", "-1", "NaN", "Infinity", "1e3", "1e999999", "1.2.3", "1,000,000", ""])
def test_what_is_no_amount_is_refused(typed: str):
    with pytest.raises(ValidationError):
        AmountField().clean(typed)


def test_an_amount_keeps_its_value():
    assert AmountField().clean("0.10") == Decimal("0.10")
