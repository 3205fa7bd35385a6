"""Soft bags: they give way under a seat, and take longest to dry after washing."""

from config.demo.containers import colours as c
from config.demo.containers.build import approved, refused, rent, variant
from config.demo.records import Container

MURMUR = Container(
    slug="minkaro-murmur",
    name="Murmur",
    brand="Minkaro",
    kind="soft",
    description=(
        "A quiet everyday bag with mesh on three sides and a lid that opens to the front, so that a shy cat can be "
        "lifted in from above. The base board slides out for cleaning and stiffens the bag under an airline seat. "
        "The zips run in covered channels and end in a clip that no paw has opened yet."
    ),
    care="Take out the board, wash the bag by hand at 30 °C, dry it open for two days. The fleece goes in the machine.",
    variants=(
        variant(
            "MUR-S-SAGE", "S", c.SAGE, inner=(384, 236, 212), outer=(400, 250, 230), weight=950, load=6000,
            approval=approved("2026-02-11"), eur=5490, chf=5900,
            rental=rent(deposit=4000, late=600, turnaround=3, rates=((1, 490), (4, 390), (8, 290), (15, 220))),
        ),
        variant(
            "MUR-M-SAGE", "M", c.SAGE, inner=(424, 256, 242), outer=(440, 270, 260), weight=1100, load=7500,
            approval=approved("2026-02-11"), eur=5990, chf=6400,
            rental=rent(deposit=4500, late=650, turnaround=3, rates=((1, 540), (4, 430), (8, 320), (15, 250))),
        ),
        variant(
            "MUR-M-CLAY", "M", c.CLAY, inner=(424, 256, 242), outer=(440, 270, 260), weight=1100, load=7500,
            approval=approved("2026-02-11"), eur=5990,
            rental=rent(deposit=4500, late=650, turnaround=3, rates=((1, 540), (4, 430), (8, 320), (15, 250))),
        ),
    ),
)  # fmt: skip

SLIVER = Container(
    slug="hollowfern-sliver",
    name="Sliver",
    brand="Hollowfern",
    kind="soft",
    description=(
        "The flat one: at 40 by 27 by 20 cm it slips under seats where other bags are turned away. "
        "The roof springs up by hand once you are seated and gives a small cat room to stretch her neck. "
        "Best for slim cats up to about 5 kg; measure first, a big cat will not be able to stand in it."
    ),
    care="Wipe with soapy water, rinse the mesh, dry flat in the shade for two days. Never tumble-dry.",
    variants=(
        variant(
            "SLI-GRAPHITE", "One size", c.GRAPHITE, inner=(386, 258, 186), outer=(400, 270, 200), weight=780, load=5500,
            approval=approved("2026-03-02"), eur=4490, chf=4800,
            rental=rent(deposit=3500, late=550, turnaround=3, rates=((1, 450), (4, 350), (8, 260))),
        ),
        variant(
            "SLI-PLUM", "One size", c.PLUM, inner=(386, 258, 186), outer=(400, 270, 200), weight=780, load=5500,
            approval=approved("2026-03-02"), eur=4490,
            rental=rent(deposit=3500, late=550, turnaround=3, rates=((1, 450), (4, 350), (8, 260))),
        ),
    ),
)  # fmt: skip

TUCK_AND_TURN = Container(
    slug="pawlinder-tuck-and-turn",
    name="Tuck & Turn",
    brand="Pawlinder",
    kind="soft",
    description=(
        "Closed, it is a cabin bag; at the gate one zip lets out a side wing and doubles the floor. "
        "The wing folds back flat in seconds, even with a cat who has other plans. "
        "A sleeve on the back slides over a trolley handle."
    ),
    care="Brush out hair, wash by hand at 30 °C with the wing open, and let it dry for two full days.",
    variants=(
        variant(
            "TUC-M-OCEAN", "M", c.OCEAN, inner=(422, 254, 230), outer=(440, 270, 250), weight=1380, load=7500,
            approval=approved("2026-01-20"), eur=7990, chf=8500,
            rental=rent(deposit=6000, late=800, turnaround=3, rates=((1, 690), (4, 520), (8, 390), (15, 300))),
        ),
        variant(
            "TUC-L-OCEAN", "L", c.OCEAN, inner=(442, 264, 250), outer=(460, 280, 270), weight=1520, load=8500,
            approval=approved("2026-01-20"), eur=8490, chf=9000,
            rental=rent(deposit=6500, late=850, turnaround=3, rates=((1, 740), (4, 560), (8, 420), (15, 330))),
        ),
        variant(
            "TUC-M-CORAL", "M", c.CORAL, inner=(422, 254, 230), outer=(440, 270, 250), weight=1380, load=7500,
            approval=approved("2026-01-20"), eur=7990,
            rental=rent(deposit=6000, late=800, turnaround=3, rates=((1, 690), (4, 520), (8, 390), (15, 300))),
        ),
    ),
)  # fmt: skip

PIAZZA = Container(
    slug="olivetto-piazza",
    name="Piazza",
    brand="Olivetto",
    kind="soft",
    description=(
        "A shoulder tote for short ways and calm cats: to the vet, to the café, to grandmother. "
        "Waxed cotton outside, washable lining inside, and a padded rim that invites a chin to rest on it. "
        "A short leash clips to a harness, never to a collar."
    ),
    care="Sponge the waxed cotton with cold water only; the lining unbuttons and is washed at 40 °C.",
    variants=(
        variant(
            "PIA-CAMEL", "One size", c.CAMEL, inner=(414, 236, 260), outer=(430, 250, 280), weight=1050, load=6500,
            approval=approved("2026-04-15"), eur=8900,
        ),
        variant(
            "PIA-OLIVE", "One size", c.OLIVE, inner=(414, 236, 260), outer=(430, 250, 280), weight=1050, load=6500,
            approval=refused(
                "2026-04-15", "A patient cat pushed the lid zip open from inside in our test.", "escape_proof_zips"
            ),
        ),
    ),
)  # fmt: skip

ULLBO = Container(
    slug="fjellkatt-ullbo",
    name="Ullbo",
    brand="Fjellkatt",
    kind="soft",
    description=(
        "Thick pressed wool felt over a light frame: it swallows noise, keeps warm and smells of home after one nap. "
        "The round porch lets a nervous cat look out without being looked at. "
        "At home it stays open as a cave, which makes the next journey much easier."
    ),
    care="Air it, brush it, spot-clean with wool soap. Felt needs three days to dry: do not hurry it on a radiator.",
    variants=(
        variant(
            "ULL-HEATHER", "One size", c.HEATHER, inner=(428, 258, 248), outer=(450, 280, 270), weight=1290, load=7000,
            approval=approved("2026-03-19"), eur=11900, chf=12500,
            rental=rent(deposit=8000, late=900, turnaround=4, keep_credit=60, days=(2, 45),
                        rates=((1, 890), (4, 650), (8, 490))),
        ),
        variant(
            "ULL-PINE", "One size", c.PINE, inner=(428, 258, 248), outer=(450, 280, 270), weight=1290, load=7000,
            approval=approved("2026-03-19"), eur=11900,
            rental=rent(deposit=8000, late=900, turnaround=4, keep_credit=60, days=(2, 45),
                        rates=((1, 890), (4, 650), (8, 490))),
        ),
    ),
)  # fmt: skip

VIKA = Container(
    slug="brumvik-vika",
    name="Vika",
    brand="Brumvik",
    kind="soft",
    description=(
        "Our most rented bag. Both ends and the whole lid open, so there is always a door where your cat is not "
        "looking. Reflective piping, a pocket for papers, and a window for the address label on the lid."
    ),
    care="Shake out, vacuum, wash by hand at 30 °C; the pad may go in the machine. Two days on the line.",
    variants=(
        variant(
            "VIK-MUSTARD", "One size", c.MUSTARD, inner=(444, 264, 240), outer=(460, 280, 260), weight=1180, load=8000,
            approval=approved("2026-02-27"), eur=6490,
            rental=rent(deposit=5000, late=700, turnaround=3, rates=((1, 590), (4, 440), (8, 330), (15, 260))),
        ),
        variant(
            "VIK-DENIM", "One size", c.DENIM, inner=(444, 264, 240), outer=(460, 280, 260), weight=1180, load=8000,
            approval=approved("2026-02-27"), eur=6490, chf=6900,
            rental=rent(deposit=5000, late=700, turnaround=3, rates=((1, 590), (4, 440), (8, 330), (15, 260))),
        ),
    ),
)  # fmt: skip

SOFT = (MURMUR, SLIVER, TUCK_AND_TURN, PIAZZA, ULLBO, VIKA)
