"""Car crates: bars, a frame and a belt path. They say nothing about airlines."""

from config.demo.containers import colours as c
from config.demo.containers.build import approved, rent, variant
from config.demo.records import Container

BOLLARD = Container(
    slug="brumvik-bollard",
    name="Bollard",
    brand="Brumvik",
    kind="car_crate",
    description=(
        "Welded aluminium tubes around a closed floor tray, held down by two lashing straps. "
        "The sloping front follows the back of the rear seat, so no space is lost. "
        "An emergency hatch at the back opens from outside when the tailgate does not."
    ),
    care="Rinse the tray, wipe the tubes, check that both straps pull tight.",
    variants=(
        variant(
            "BOL-M-SLATE", "M", c.SLATE, inner=(520, 400, 420), outer=(600, 450, 480), weight=7900, load=15000,
            approval=approved("2026-01-15"), eur=28900, chf=30500,
            rental=rent(deposit=18000, late=1800, prep=1, rates=((1, 1690), (4, 1290), (8, 950), (15, 720))),
        ),
        variant(
            "BOL-L-SLATE", "L", c.SLATE, inner=(680, 470, 490), outer=(760, 520, 550), weight=9800, load=20000,
            approval=approved("2026-01-15"), eur=33900,
            rental=rent(deposit=21000, late=2000, prep=1, rates=((1, 1890), (4, 1440), (8, 1060), (15, 810))),
        ),
        variant(
            "BOL-M-EMBER", "M", c.EMBER, inner=(520, 400, 420), outer=(600, 450, 480), weight=7900, load=15000,
            approval=approved("2026-01-15"), eur=28900,
            rental=rent(deposit=18000, late=1800, prep=1, rates=((1, 1690), (4, 1290), (8, 950), (15, 720))),
        ),
    ),
)  # fmt: skip

MILESTONE = Container(
    slug="kestwick-milestone",
    name="Milestone",
    brand="Kestwick",
    kind="car_crate",
    description=(
        "A calm grey box for the back seat: double walls, narrow bars and a shoulder-belt path along the side. "
        "The rubber feet grip leather without marking it. A dimmed roof helps cats who are sick in moving cars."
    ),
    care="Wash with warm water; the double wall drains through the plug at the back.",
    variants=(
        variant(
            "MIL-M-GRAPHITE", "M", c.GRAPHITE, inner=(480, 360, 370), outer=(550, 420, 430), weight=5600, load=12000,
            approval=approved("2026-02-09"), eur=21900,
            rental=rent(deposit=14000, late=1600, rates=((1, 1390), (4, 1040), (8, 780))),
        ),
        variant(
            "MIL-L-SAND", "L", c.SAND, inner=(570, 410, 420), outer=(640, 470, 480), weight=6700, load=15000,
            approval=approved("2026-02-09"), eur=24900, chf=26500,
            rental=rent(deposit=16000, late=1700, rates=((1, 1490), (4, 1120), (8, 840))),
        ),
    ),
)  # fmt: skip

FJELL = Container(
    slug="fjellkatt-fjell",
    name="Fjell",
    brand="Fjellkatt",
    kind="car_crate",
    description=(
        "Powder-coated steel with a wooden floor that stays warm in winter. Folds flat into its own bag after use. "
        "Wide enough for two cats who like each other, with a panel between them for the days when they do not."
    ),
    care="Vacuum, wipe with a damp cloth, oil the floor board twice a year.",
    variants=(
        variant(
            "FJE-M-PINE", "M", c.PINE, inner=(560, 420, 430), outer=(620, 470, 480), weight=8600, load=16000,
            approval=approved("2026-04-01"),
            rental=rent(deposit=17000, late=1700, days=(2, 60), rates=((1, 1590), (4, 1190), (8, 880), (15, 670))),
        ),
        variant(
            "FJE-M-SILVER", "M", c.SILVER, inner=(560, 420, 430), outer=(620, 470, 480), weight=8600, load=16000,
            approval=approved("2026-04-01"), eur=26900,
            rental=rent(deposit=17000, late=1700, days=(2, 60), rates=((1, 1590), (4, 1190), (8, 880), (15, 670))),
        ),
    ),
)  # fmt: skip

TAILGATE = Container(
    slug="hollowfern-tailgate",
    name="Tailgate",
    brand="Hollowfern",
    kind="car_crate",
    description=(
        "Half crate, half lounge: rounded corners, a padded rim and a window on every side. "
        "The harness clips to the child-seat anchors in one movement, with a green mark when it holds. "
        "At the camp site it is a night shelter."
    ),
    care="Take off the padded rim and wash it at 40 °C; wipe the rest.",
    variants=(
        variant(
            "TAI-L-BRICK", "L", c.BRICK, inner=(620, 440, 450), outer=(690, 500, 510), weight=7400, load=16000,
            approval=approved("2026-05-27"), eur=31900, chf=33500,
            rental=rent(deposit=20000, late=1900, turnaround=2, rates=((1, 1790), (4, 1350), (8, 990), (15, 760))),
        ),
        variant(
            "TAI-L-OCEAN", "L", c.OCEAN, inner=(620, 440, 450), outer=(690, 500, 510), weight=7400, load=16000,
            approval=approved("2026-05-27"),
            rental=rent(deposit=20000, late=1900, turnaround=2, rates=((1, 1790), (4, 1350), (8, 990), (15, 760))),
        ),
    ),
)  # fmt: skip

CAR_CRATE = (BOLLARD, MILESTONE, FJELL, TAILGATE)
