"""Money: integers of minor units, whatever the currency's exponent."""

from decimal import ROUND_HALF_UP, Decimal

import pytest
from babel.core import get_global
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from core.money import MAX_MINOR, Money, exponent, format_minor, included_tax, to_decimal, to_minor, validate_currency
from sandbox.stripe.money import CURRENCIES as GATEWAY_CURRENCIES
from sandbox.stripe.money import written

CURRENCIES = {"EUR": 2, "JPY": 0, "KWD": 3}
minor_units = st.integers(-MAX_MINOR, MAX_MINOR)


@pytest.mark.parametrize(("currency", "places"), CURRENCIES.items())
def test_each_currency_has_its_own_exponent(currency: str, places: int) -> None:
    assert exponent(currency) == places


@pytest.mark.parametrize(
    ("minor", "currency", "decimal"),
    [(4990, "EUR", "49.90"), (4990, "JPY", "4990"), (4990, "KWD", "4.990"), (-5, "EUR", "-0.05"), (0, "EUR", "0.00")],
)
def test_minor_units_become_the_decimal_that_people_read_and_back(minor: int, currency: str, decimal: str) -> None:
    assert str(to_decimal(minor, currency)) == decimal
    assert to_minor(Decimal(decimal), currency) == minor


@given(minor_units, st.sampled_from(sorted(CURRENCIES)))
def test_no_amount_is_changed_by_the_way_there_and_back(minor: int, currency: str) -> None:
    assert to_minor(to_decimal(minor, currency), currency) == minor


@pytest.mark.parametrize(
    ("amount", "currency"), [("49.905", "EUR"), ("0.1", "JPY"), ("1.0001", "KWD"), ("1e-9", "EUR")]
)
def test_a_fraction_that_the_currency_does_not_have_is_refused_not_rounded(amount: str, currency: str) -> None:
    with pytest.raises(ValidationError, match=currency):
        to_minor(Decimal(amount), currency)


@pytest.mark.parametrize("amount", ["49.900", "49.9", "4.99e1"])
def test_zeros_at_the_end_are_no_further_fraction(amount: str) -> None:
    assert to_minor(Decimal(amount), "EUR") == 4990


@pytest.mark.parametrize("amount", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_no_amount(amount: str) -> None:
    with pytest.raises(ValidationError, match="not an amount"):
        to_minor(Decimal(amount), "EUR")


@pytest.mark.parametrize("code", ["EUR", "JPY", "KWD", "CHF"])
def test_currencies_that_exist_are_accepted(code: str) -> None:
    validate_currency(code)


@pytest.mark.parametrize("code", ["eur", "EURO", "ZZZ", "", "€", "EU\x00"])
def test_currencies_that_do_not_exist_are_refused(code: str) -> None:
    with pytest.raises(ValidationError, match="ISO 4217"):
        validate_currency(code)


@pytest.mark.parametrize("code", ["RSD", "ALL", "ISK", "UGX", "LBP", "AFN", "LAK", "MMK", "SOS", "YER", "MGA"])
def test_currencies_whose_minor_unit_is_disputed_are_refused(code: str) -> None:
    with pytest.raises(ValidationError, match="do not agree on its decimal places"):
        validate_currency(code)


@pytest.mark.parametrize("code", ["DEM", "HRK", "BGN", "STD", "XXX", "XTS", "XAU"])
def test_what_is_no_money_in_use_today_is_refused(code: str) -> None:
    with pytest.raises(ValidationError, match="not money in use today"):
        validate_currency(code)


def test_the_gateway_counts_every_accepted_currency_as_we_do() -> None:
    for code in _accepted():
        _, _, decimals = written(0, code.lower()).partition(".")

        assert (code, exponent(code)) == (code, len(decimals))


def test_every_accepted_currency_is_one_that_the_gateway_charges_in() -> None:
    assert _accepted()
    assert {code.lower() for code in _accepted()} <= set(GATEWAY_CURRENCIES)


def _accepted() -> list[str]:
    return [code for code in get_global("all_currencies") if _is_accepted(code)]


def _is_accepted(code: str) -> bool:
    try:
        validate_currency(code)
    except ValidationError:
        return False
    return True


def test_an_amount_is_shown_as_integer_and_code() -> None:
    assert Money(4990, "EUR").as_json() == {"amount": 4990, "currency": "EUR"}


def test_an_amount_is_written_as_its_reader_writes_it() -> None:
    assert str(Money(4990, "EUR")) == "€49.90"
    assert format_minor(123456, "EUR", "de") == "1.234,56\xa0€"
    assert format_minor(4990, "JPY") == "¥4,990"


def test_the_tax_in_119_euros_at_19_percent_is_19_euros() -> None:
    assert included_tax(11900, 1900) == 1900


@pytest.mark.parametrize(("gross", "rate", "tax"), [(0, 1900, 0), (1, 0, 0), (-11900, 1900, -1900), (3, 10_000, 2)])
def test_the_edges_of_included_tax(gross: int, rate: int, tax: int) -> None:
    assert included_tax(gross, rate) == tax


@given(minor_units, st.integers(0, 10_000))
def test_included_tax_is_what_decimal_arithmetic_rounds_half_up_to(gross: int, rate_bp: int) -> None:
    exact = Decimal(gross) * rate_bp / (10_000 + rate_bp)

    assert included_tax(gross, rate_bp) == int(exact.quantize(Decimal(1), ROUND_HALF_UP))


@given(minor_units, st.integers(0, 10_000))
def test_a_credit_contains_as_much_tax_as_the_charge_that_it_undoes(gross: int, rate_bp: int) -> None:
    assert included_tax(-gross, rate_bp) == -included_tax(gross, rate_bp)


def test_a_currency_without_a_sign_of_its_own_is_set_apart_from_the_figures() -> None:
    assert format_minor(30500, "CHF") == "CHF\N{NO-BREAK SPACE}305.00"
    assert format_minor(-30500, "CHF") == "-CHF\N{NO-BREAK SPACE}305.00"
    assert format_minor(30500, "CHF", locale="de") == "305,00\N{NO-BREAK SPACE}CHF"
    assert format_minor(4990, "EUR") == "€49.90"
