"""Wheeled trolleys: for heavy cats, long corridors and tired shoulders."""

from config.demo.containers import colours as c
from config.demo.containers.build import approved, rent, variant
from config.demo.records import Container

CONCOURSE = Container(
    slug="kestwick-concourse",
    name="Concourse",
    brand="Kestwick",
    kind="wheeled",
    description=(
        "Four soft wheels that roll in every direction and hardly make a sound on stone. "
        "The suspended floor keeps vibration away from the cat, which is what most of them mind about trolleys. "
        "The handle stops at three heights and locks when it is pushed home."
    ),
    care="Roll the wheels clean, wipe the shell, wash the pad at 40 °C. Ready after a day.",
    variants=(
        variant(
            "CON-M-GRAPHITE", "M", c.GRAPHITE, inner=(440, 290, 330), outer=(490, 335, 420), weight=3400, load=10000,
            approval=approved("2026-01-28"), eur=15900, chf=16900,
            rental=rent(deposit=11000, late=1200, turnaround=2, rates=((1, 1190), (4, 890), (8, 650), (15, 490))),
        ),
        variant(
            "CON-L-GRAPHITE", "L", c.GRAPHITE, inner=(500, 320, 360), outer=(550, 365, 450), weight=3900, load=12000,
            approval=approved("2026-01-28"), eur=17900,
            rental=rent(deposit=12000, late=1300, turnaround=2, rates=((1, 1290), (4, 960), (8, 710), (15, 540))),
        ),
        variant(
            "CON-M-CLARET", "M", c.CLARET, inner=(440, 290, 330), outer=(490, 335, 420), weight=3400, load=10000,
            approval=approved("2026-01-28"), eur=15900,
            rental=rent(deposit=11000, late=1200, turnaround=2, rates=((1, 1190), (4, 890), (8, 650), (15, 490))),
        ),
    ),
)  # fmt: skip

SWAY = Container(
    slug="pawlinder-sway",
    name="Sway",
    brand="Pawlinder",
    kind="wheeled",
    description=(
        "Trolley, backpack and carrier in one: the wheels fold into the base, the straps come out of the back. "
        "A big front window of strong mesh and a zip that closes with a hook. "
        "For journeys with stairs in the middle."
    ),
    care="Unclip the wheels, wash the body by hand at 30 °C, dry for two days.",
    variants=(
        variant(
            "SWA-TURQUOISE", "One size", c.TURQUOISE, inner=(420, 270, 340), outer=(460, 310, 420), weight=2850,
            load=9000, approval=approved("2026-02-24"), eur=12900,
            rental=rent(deposit=9000, late=1000, turnaround=3, rates=((1, 990), (4, 740), (8, 550))),
        ),
        variant(
            "SWA-CORAL", "One size", c.CORAL, inner=(420, 270, 340), outer=(460, 310, 420), weight=2850, load=9000,
            approval=approved("2026-02-24"), eur=12900, chf=13700,
            rental=rent(deposit=9000, late=1000, turnaround=3, rates=((1, 990), (4, 740), (8, 550))),
        ),
    ),
)  # fmt: skip

TRIKK = Container(
    slug="brumvik-trikk",
    name="Trikk",
    brand="Brumvik",
    kind="wheeled",
    description=(
        "A small tram for a cat: a hard shell on two large wheels that climb kerbs and cobbles. "
        "Panorama windows with steel mesh run along both sides. The door is at the front, low enough to walk in."
    ),
    care="Hose the shell, dry the axle, one drop of oil every third month.",
    variants=(
        variant(
            "TRI-SIGNAL", "One size", c.SIGNAL, inner=(470, 290, 320), outer=(520, 330, 400), weight=3700, load=11000,
            approval=approved("2026-03-16"), eur=16900,
            rental=rent(deposit=11500, late=1200, rates=((1, 1190), (4, 890), (8, 660), (15, 500))),
        ),
        variant(
            "TRI-NAVY", "One size", c.NAVY, inner=(470, 290, 320), outer=(520, 330, 400), weight=3700, load=11000,
            approval=approved("2026-03-16"), eur=16900, chf=17900,
            rental=rent(deposit=11500, late=1200, rates=((1, 1190), (4, 890), (8, 660), (15, 500))),
        ),
    ),
)  # fmt: skip

TRUNDLE = Container(
    slug="minkaro-trundle",
    name="Trundle",
    brand="Minkaro",
    kind="wheeled",
    description=(
        "The friendly one with a round lid: it rolls like a shopping trolley and opens like a pram. "
        "Two cats of one litter fit side by side. The lid window can be rolled up from outside with one hand."
    ),
    care="Take the lining out by its press studs, wash it at 40 °C, wipe the frame.",
    variants=(
        variant(
            "TRU-OLIVE", "One size", c.OLIVE, inner=(500, 320, 380), outer=(550, 360, 460), weight=3550, load=14000,
            approval=approved("2026-05-12"), eur=14900,
            rental=rent(deposit=10000, late=1100, turnaround=2, rates=((1, 1090), (4, 810), (8, 600))),
        ),
        variant(
            "TRU-LAVENDER", "One size", c.LAVENDER, inner=(500, 320, 380), outer=(550, 360, 460), weight=3550,
            load=14000, approval=approved("2026-05-12"),
            rental=rent(deposit=10000, late=1100, turnaround=2, rates=((1, 1090), (4, 810), (8, 600))),
        ),
    ),
)  # fmt: skip

WHEELED = (CONCOURSE, SWAY, TRIKK, TRUNDLE)
