"""Money is an integer count of minor units and an ISO 4217 currency; exponents come from Babel (CLDR)."""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from babel.core import get_global
from babel.numbers import format_currency, get_currency_precision, get_currency_symbol
from django.core.exceptions import ValidationError

MAX_MINOR = 99_999_999_99  # more than any carrier costs, less than what Stripe and a bigint take

# Money in use today of which ISO 4217, CLDR and the gateway count the same minor unit; see ADR 0008.
_CODES = """
    AED AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BWP BYN BZD CAD CDF CHF CLP CNY COP CRC CVE CZK
    DJF DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR JMD JOD JPY KES KGS KHR
    KMF KRW KWD KYD KZT LKR LRD LSL MAD MDL MKD MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK
    PHP PKR PLN PYG QAR RON RUB RWF SAR SBD SCR SEK SGD SHP SLE SRD SZL THB TJS TND TOP TRY TTD TWD TZS UAH USD UYU UZS
    VND VUV WST XAF XCD XOF XPF ZAR ZMW
"""
_ACCEPTED = frozenset(_CODES.split())


@dataclass(frozen=True, slots=True)
class Money:
    """An amount as the API shows it: `{"amount": 4990, "currency": "EUR"}`."""

    amount_minor: int
    currency: str

    def as_json(self) -> dict[str, int | str]:
        return {"amount": self.amount_minor, "currency": self.currency}

    def __str__(self) -> str:
        return format_minor(self.amount_minor, self.currency)


def validate_currency(code: str) -> None:
    """Accept money in use today whose minor unit nobody disputes. Raises: ValidationError. Source: ADR 0008."""
    if code in _ACCEPTED:
        return
    if code not in get_global("all_currencies"):
        raise ValidationError(f'"{code}" is not an ISO 4217 currency code such as EUR.')
    raise ValidationError(
        f"{code} cannot be used here: it is not money in use today, or banks and payment gateways do not agree on its "
        "decimal places."
    )


def exponent(currency: str) -> int:
    """Decimal places of a currency: 2 for EUR, 0 for JPY, 3 for KWD."""
    return get_currency_precision(currency)


def to_decimal(amount_minor: int, currency: str) -> Decimal:
    """4990 EUR -> Decimal("49.90")."""
    return Decimal(amount_minor).scaleb(-exponent(currency))


def to_minor(amount: Decimal, currency: str) -> int:
    """Decimal("49.90") EUR -> 4990. Raises: ValidationError when the currency has no such fraction."""
    if not amount.is_finite():
        raise ValidationError(f"{amount} is not an amount.")
    scaled = amount.scaleb(exponent(currency))
    if scaled != scaled.to_integral_value():
        raise ValidationError(f"{currency} has {exponent(currency)} decimal places; {amount} has more.")
    return int(scaled)


def one_or_hundred(currency: str) -> int:
    """A small sum that a card can be charged: 1.00 EUR, 100 JPY."""
    return int(10 ** max(2, exponent(currency)))


@lru_cache(maxsize=10_000)  # prices are said again and again, and Babel takes its time
def format_minor(amount_minor: int, currency: str, locale: str = "en") -> str:
    """4990 EUR -> "€49.90", 30500 CHF -> "CHF 305.00", in the reader's locale."""
    written = format_currency(to_decimal(amount_minor, currency), currency, locale=locale)
    symbol = get_currency_symbol(currency, locale=locale)
    if symbol[-1:].isalpha():  # CLDR sets a code apart from the figures, which Babel leaves out
        written = re.sub(rf"{re.escape(symbol)}(?=\d)", f"{symbol}\N{NO-BREAK SPACE}", written)
    return written


def included_tax(gross_minor: int, rate_bp: int) -> int:
    """Tax contained in a gross amount, rounded half up; `rate_bp` in basis points (1900 = 19 %)."""
    sign = -1 if gross_minor < 0 else 1
    return sign * ((2 * abs(gross_minor) * rate_bp + 10_000 + rate_bp) // (2 * (10_000 + rate_bp)))
