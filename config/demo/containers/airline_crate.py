"""Airline crates: rigid shells with metal doors for the hold. The airline always has the last word."""

from config.demo.containers import colours as c
from config.demo.containers.build import approved, rent, variant
from config.demo.records import Container

MERIDIAN = Container(
    slug="kestwick-meridian",
    name="Meridian",
    brand="Kestwick",
    kind="airline_crate",
    description=(
        "The crate we send most cats across oceans in: metal bolts all around, a four-point steel door and vents on "
        "all four sides. Dish and bottle are filled from outside. "
        "Comes with absorbent floor, labels and a pouch for the papers; do confirm the size with your airline."
    ),
    care="Unscrew the shells, disinfect, rinse and dry. New bolts and new labels for every journey.",
    variants=(
        variant(
            "MER-M-IVORY", "M", c.IVORY, inner=(565, 365, 385), outer=(610, 410, 430), weight=4200, load=11000,
            approval=approved("2026-01-08"), eur=11900, chf=12700,
            rental=rent(
                deposit=9000, late=1300, days=(2, 60), prep=2, rates=((1, 1090), (4, 820), (8, 610), (15, 470))
            ),
        ),
        variant(
            "MER-L-IVORY", "L", c.IVORY, inner=(635, 425, 470), outer=(685, 475, 520), weight=5300, load=15000,
            approval=approved("2026-01-08"), eur=14900, chf=15900,
            rental=rent(
                deposit=11000, late=1500, days=(2, 60), prep=2, rates=((1, 1290), (4, 970), (8, 720), (15, 550))
            ),
        ),
        variant(
            "MER-XL-IVORY", "XL", c.IVORY, inner=(750, 490, 530), outer=(810, 550, 590), weight=7600, load=22000,
            approval=approved("2026-01-08"), eur=19900,
            rental=rent(
                deposit=14000, late=1800, days=(2, 60), prep=2, rates=((1, 1590), (4, 1190), (8, 890), (15, 680))
            ),
        ),
        variant(
            "MER-M-OCEAN", "M", c.OCEAN, inner=(565, 365, 385), outer=(610, 410, 430), weight=4200, load=11000,
            approval=approved("2026-01-08"), eur=11900,
            rental=rent(
                deposit=9000, late=1300, days=(2, 60), prep=2, rates=((1, 1090), (4, 820), (8, 610), (15, 470))
            ),
        ),
    ),
)  # fmt: skip

ISBRE = Container(
    slug="brumvik-isbre",
    name="Isbre",
    brand="Brumvik",
    kind="airline_crate",
    description=(
        "Extra walls for cold aprons and hot ones: the double roof leaves a gap for the wind and shades the cat below. "
        "The door pins reach deep into the frame at top and bottom. "
        "Wide inside, which big-boned cats need more than length."
    ),
    care="Take off the outer roof, wash both, dry upright. Check every door pin.",
    variants=(
        variant(
            "ISB-M-ICE", "M", c.ICE, inner=(580, 395, 400), outer=(630, 450, 460), weight=5100, load=13000,
            approval=approved("2026-02-16"), eur=15900,
            rental=rent(
                deposit=11000, late=1500, days=(2, 45), prep=2, rates=((1, 1290), (4, 970), (8, 720), (15, 560))
            ),
        ),
        variant(
            "ISB-L-ICE", "L", c.ICE, inner=(665, 450, 480), outer=(720, 510, 545), weight=6400, load=18000,
            approval=approved("2026-02-16"), eur=18900, chf=19900,
            rental=rent(
                deposit=13000, late=1700, days=(2, 45), prep=2, rates=((1, 1490), (4, 1120), (8, 830), (15, 640))
            ),
        ),
        variant(
            "ISB-M-STONE", "M", c.STONE, inner=(580, 395, 400), outer=(630, 450, 460), weight=5100, load=13000,
            approval=approved("2026-02-16"),
            rental=rent(
                deposit=11000, late=1500, days=(2, 45), prep=2, rates=((1, 1290), (4, 970), (8, 720), (15, 560))
            ),
        ),
    ),
)  # fmt: skip

PERIHEL = Container(
    slug="minkaro-perihel",
    name="Perihel",
    brand="Minkaro",
    kind="airline_crate",
    description=(
        "A softer look for a serious crate: rounded edges and warm colours, steel where it counts. "
        "Low entrance for elderly cats, high roof for proud ears. Two handles are moulded into each side for loaders."
    ),
    care="Separate the shells, wash with mild soap, disinfect, dry for a day.",
    variants=(
        variant(
            "PER-M-LILAC", "M", c.LILAC, inner=(560, 372, 402), outer=(605, 420, 450), weight=4450, load=12000,
            approval=approved("2026-03-11"), eur=13900,
            rental=rent(deposit=10000, late=1400, days=(2, 60), prep=2, rates=((1, 1190), (4, 890), (8, 670))),
        ),
        variant(
            "PER-L-LILAC", "L", c.LILAC, inner=(640, 430, 472), outer=(690, 480, 525), weight=5600, load=16000,
            approval=approved("2026-03-11"), eur=16900,
            rental=rent(deposit=12000, late=1600, days=(2, 60), prep=2, rates=((1, 1390), (4, 1040), (8, 780))),
        ),
        variant(
            "PER-M-SUN", "M", c.SUN, inner=(560, 372, 402), outer=(605, 420, 450), weight=4450, load=12000,
            approval=approved("2026-03-11"), eur=13900, chf=14700,
        ),
    ),
)  # fmt: skip

NORDLYS = Container(
    slug="fjellkatt-nordlys",
    name="Nordlys",
    brand="Fjellkatt",
    kind="airline_crate",
    description=(
        "Built for winter routes: a windbreak around the door, and a floor that keeps two centimetres off the metal. "
        "Reflective strips show it on a dark apron. Our choice for long-haired and long-legged cats."
    ),
    care="Disinfect, rinse, dry standing open. Change the reflective strips when they dull.",
    variants=(
        variant(
            "NOR-L-MIDNIGHT", "L", c.MIDNIGHT, inner=(660, 430, 460), outer=(710, 485, 520), weight=5900, load=16000,
            approval=approved("2026-04-27"), eur=17900, chf=18900,
            rental=rent(
                deposit=12500, late=1600, days=(3, 60), prep=2, rates=((1, 1390), (4, 1050), (8, 790), (15, 600))
            ),
        ),
        variant(
            "NOR-L-MINT", "L", c.MINT, inner=(660, 430, 460), outer=(710, 485, 520), weight=5900, load=16000,
            approval=approved("2026-04-27"),
            rental=rent(
                deposit=12500, late=1600, days=(3, 60), prep=2, rates=((1, 1390), (4, 1050), (8, 790), (15, 600))
            ),
        ),
    ),
)  # fmt: skip

CONTRAIL = Container(
    slug="pawlinder-contrail",
    name="Contrail",
    brand="Pawlinder",
    kind="airline_crate",
    published=False,
    description=(
        "A folding airline crate that goes home in a suitcase. Still on our test bench: the hinges must survive five "
        "hundred loadings before a cat goes in."
    ),
    care="Wipe with disinfectant; keep sand out of the hinges.",
    variants=(
        variant(
            "CTR-M-SILVER", "M", c.SILVER, inner=(570, 370, 390), outer=(620, 420, 440), weight=4900, load=11000,
            approval=None,  # the endurance test of its hinges is running
        ),
        variant(
            "CTR-M-SIGNAL", "M", c.SIGNAL, inner=(570, 370, 390), outer=(620, 420, 440), weight=4900, load=11000,
            approval=approved("2026-06-03"), eur=18900,
        ),
    ),
)  # fmt: skip

AIRLINE_CRATE = (MERIDIAN, ISBRE, PERIHEL, NORDLYS, CONTRAIL)
