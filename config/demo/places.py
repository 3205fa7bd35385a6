"""Where the demo shop is, where it delivers to, and the taxes there."""

from datetime import date

from config.demo.records import CancellationTier, Closure, Coupon, DeliveryRate, Depot, TaxRate

MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = range(1, 8)
WEEKDAYS = (MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY)

DEPOTS = (
    Depot(
        code="BER",
        name="Berlin Airport",
        street="Am Frachtring 14",
        postal_code="12529",
        city="Schönefeld",
        country="DE",
        time_zone="Europe/Berlin",
        opening_days=(*WEEKDAYS, SATURDAY, SUNDAY),
        closures=(
            Closure(date(2026, 12, 25), date(2026, 12, 25), "Christmas Day"),
            Closure(date(2027, 1, 1), date(2027, 1, 1), "New Year's Day"),
            Closure(date(2027, 2, 9), date(2027, 2, 9), "Stocktaking"),
        ),
    ),
    Depot(
        code="MUC",
        name="Munich East",
        street="Kranichweg 3",
        postal_code="81671",
        city="München",
        country="DE",
        time_zone="Europe/Berlin",
        opening_days=(*WEEKDAYS, SATURDAY),
        closures=(
            Closure(date(2026, 12, 25), date(2026, 12, 25), "Christmas Day"),
            Closure(date(2026, 12, 26), date(2026, 12, 26), "St Stephen's Day"),
            Closure(date(2027, 1, 1), date(2027, 1, 1), "New Year's Day"),
            Closure(date(2027, 1, 6), date(2027, 1, 6), "Epiphany"),
        ),
    ),
    Depot(
        code="ZRH",
        name="Zürich Airport",
        street="Steinackerstrasse 48",
        postal_code="8302",
        city="Kloten",
        country="CH",
        time_zone="Europe/Zurich",
        opening_days=(*WEEKDAYS, SATURDAY),
        closures=(
            Closure(date(2026, 12, 24), date(2026, 12, 26), "Christmas"),
            Closure(date(2027, 1, 1), date(2027, 1, 2), "New Year and Berchtold's Day"),
        ),
    ),
    Depot(
        code="LON",
        name="London Heathrow",
        street="29 Shepherd's Yard, Hatton Road",
        postal_code="TW14 9QR",
        city="Feltham",
        country="GB",
        time_zone="Europe/London",
        opening_days=WEEKDAYS,
        closures=(
            Closure(date(2026, 12, 25), date(2026, 12, 25), "Christmas Day"),
            Closure(date(2026, 12, 28), date(2026, 12, 28), "Boxing Day (substitute)"),
            Closure(date(2027, 1, 1), date(2027, 1, 1), "New Year's Day"),
        ),
    ),
    Depot(
        code="LIS",
        name="Lisbon Riverside",
        street="Rua das Andorinhas 61",
        postal_code="1990-204",
        city="Lisboa",
        country="PT",
        time_zone="Europe/Lisbon",
        opening_days=(TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY),
        closures=(
            Closure(date(2026, 12, 8), date(2026, 12, 8), "Immaculate Conception"),
            Closure(date(2026, 12, 25), date(2026, 12, 25), "Christmas Day"),
            Closure(date(2027, 1, 1), date(2027, 1, 1), "New Year's Day"),
        ),
    ),
)

TAX_RATES = (
    TaxRate(country="DE", rate_bp=1900, valid_from=date(2021, 1, 1)),
    TaxRate(country="AT", rate_bp=2000, valid_from=date(1984, 1, 1)),
    TaxRate(country="CH", rate_bp=770, valid_from=date(2018, 1, 1)),
    TaxRate(country="CH", rate_bp=810, valid_from=date(2024, 1, 1)),
    TaxRate(country="FR", rate_bp=2000, valid_from=date(2014, 1, 1)),
    TaxRate(country="GB", rate_bp=2000, valid_from=date(2011, 1, 4)),
    TaxRate(country="PT", rate_bp=2300, valid_from=date(2011, 1, 1)),
)

DELIVERY_RATES = (
    DeliveryRate("DE", "EUR", 590),
    DeliveryRate("AT", "EUR", 990),
    DeliveryRate("CH", "EUR", 1690),
    DeliveryRate("CH", "CHF", 1790),
    DeliveryRate("FR", "EUR", 1290),
    DeliveryRate("GB", "EUR", 1990),
    DeliveryRate("PT", "EUR", 1490),
)

COUPONS = (
    Coupon(code="WELCOME10", percent=10, first_order_only=True, most_uses_each=1),
    Coupon(code="CATS5", percent=5),
)

CANCELLATION = (CancellationTier(48, 100), CancellationTier(24, 50))
