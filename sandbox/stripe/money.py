"""Currencies as Stripe knows them: which exist, how they are written, the least that can be charged."""

from __future__ import annotations

from sandbox.stripe.errors import ApiError, words

MOST = 99_999_999  # eight digits, whatever the currency

_LISTED = """
    usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp byn bzd cad cdf chf clp
    cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl hrk htg huf idr ils inr
    isk jmd jod jpy kes kgs khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mur mvr mwk mxn myr
    mzn nad ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sek sgd shp sle sos srd
    std szl thb tjs tnd top try ttd twd tzs uah ugx uyu uzs vnd vuv wst xaf xcd xof xpf yer zar zmw
    """
CURRENCIES = tuple(_LISTED.split())
_WITHOUT_DECIMALS = words("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf")
_THREE_DECIMALS = words("bhd jod kwd omr tnd")
_SYMBOLS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥", "inr": "₹", "cad": "C$", "aud": "A$"}
_LEAST = {
    "aed": 200, "bgn": 100, "czk": 1500, "dkk": 250, "gbp": 30, "hkd": 400, "huf": 17500, "mxn": 1000, "myr": 200,
    "nok": 300, "pln": 200, "ron": 200, "sek": 300, "thb": 1000,
}  # fmt: skip
_LEAST_ELSEWHERE = 50


def written(amount: int, currency: str) -> str:
    """`€50.00`, `¥50`, `CHF 50.00`."""
    decimals = 0 if currency in _WITHOUT_DECIMALS else 3 if currency in _THREE_DECIMALS else 2
    symbol = _SYMBOLS.get(currency, currency.upper() + " ")
    return f"{symbol}{amount / 10**decimals:,.{decimals}f}"


def known_currency(text: str) -> str:
    """The currency in lower case. Raises: ApiError."""
    currency = text.lower()
    if currency not in CURRENCIES:
        listed = ", ".join(CURRENCIES)
        message = f"Invalid currency: {text}. Stripe currently supports these currencies: {listed}"
        raise ApiError(message, param="currency")
    return currency


def positive(amount: int, param: str = "amount") -> int:
    if amount < 1:
        message = "This value must be greater than or equal to 1."
        raise ApiError(message, code="parameter_invalid_integer", param=param)
    return amount


def chargeable(amount: int, currency: str) -> int:
    """The amount, if a card can be charged with it. Raises: ApiError."""
    positive(amount)
    if amount > MOST:
        message = f"Amount must be no more than {written(MOST, currency)}"
        raise ApiError(message, code="amount_too_large", param="amount")
    least = _LEAST.get(currency, _LEAST_ELSEWHERE)
    if amount < least:
        message = f"Amount must be at least {written(least, currency)} {currency}"
        raise ApiError(message, code="amount_too_small", param="amount")
    return amount
