"""Backpacks: the cat upright behind you, both hands free. Length is the width across the back."""

from config.demo.containers import colours as c
from config.demo.containers.build import approved, refused, rent, variant
from config.demo.records import Container

ORBIT = Container(
    slug="pawlinder-orbit",
    name="Orbit",
    brand="Pawlinder",
    kind="backpack",
    description=(
        "One large bubble window and a cat inside who thinks she is flying. The bubble swaps for a mesh disc on warm "
        "days, and nine ring vents keep the air fresh with either. A chest strap takes the weight off the shoulders."
    ),
    care="Wash the bubble with lukewarm water and a soft cloth; wipe the shell. Dry within two days.",
    variants=(
        variant(
            "ORB-MIDNIGHT", "One size", c.MIDNIGHT, inner=(296, 236, 386), outer=(330, 270, 420), weight=1450,
            load=7000, approval=approved("2026-02-18"), eur=7990, chf=8500,
            rental=rent(deposit=6000, late=750, turnaround=2, rates=((1, 690), (4, 520), (8, 390))),
        ),
        variant(
            "ORB-TANGERINE", "One size", c.TANGERINE, inner=(296, 236, 386), outer=(330, 270, 420), weight=1450,
            load=7000, approval=approved("2026-02-18"), eur=7990,
            rental=rent(deposit=6000, late=750, turnaround=2, rates=((1, 690), (4, 520), (8, 390))),
        ),
    ),
)  # fmt: skip

STI = Container(
    slug="fjellkatt-sti",
    name="Sti",
    brand="Fjellkatt",
    kind="backpack",
    description=(
        "A real hiking pack with a hip belt, a back that breathes and a cat in the main compartment. "
        "Mesh on three sides, a rain cover in the base, a bottle pocket and a loop for the folding bowl. "
        "Tested on a four-hour climb with a tomcat of 6 kg, who slept."
    ),
    care="Brush off mud when dry, hand-wash at 30 °C, hang it up by the loop for two days.",
    variants=(
        variant(
            "STI-M-MOSS", "M", c.MOSS, inner=(312, 246, 400), outer=(340, 275, 430), weight=1620, load=8000,
            approval=approved("2026-03-25"), eur=10900, chf=11500,
            rental=rent(deposit=8000, late=900, turnaround=3, rates=((1, 890), (4, 660), (8, 490), (15, 380))),
        ),
        variant(
            "STI-L-MOSS", "L", c.MOSS, inner=(332, 266, 430), outer=(360, 295, 460), weight=1790, load=10000,
            approval=approved("2026-03-25"), eur=11900,
            rental=rent(deposit=8500, late=1100, turnaround=3, rates=((1, 950), (4, 710), (8, 530), (15, 410))),
        ),
        variant(
            "STI-M-RUST", "M", c.RUST, inner=(312, 246, 400), outer=(340, 275, 430), weight=1620, load=8000,
            approval=approved("2026-03-25"), eur=10900,
            rental=rent(deposit=8000, late=900, turnaround=3, rates=((1, 890), (4, 660), (8, 490), (15, 380))),
        ),
    ),
)  # fmt: skip

LOOKOUT = Container(
    slug="minkaro-lookout",
    name="Lookout",
    brand="Minkaro",
    kind="backpack",
    description=(
        "A tall clear front from chin to tail: for the cat who must see everything. "
        "The panel is smoked at the bottom, so she can also hide. The top hatch opens wide enough for a chin scratch "
        "on the tram."
    ),
    care="Clean the panel with water only, wipe the fabric, dry for two days with the hatch open.",
    variants=(
        variant(
            "LOO-POWDER", "One size", c.POWDER, inner=(302, 232, 394), outer=(335, 265, 425), weight=1380, load=6500,
            approval=approved("2026-04-08"), eur=7490,
            rental=rent(deposit=5500, late=700, turnaround=2, rates=((1, 650), (4, 490), (8, 370))),
        ),
        variant(
            "LOO-BLUSH", "One size", c.BLUSH, inner=(302, 232, 394), outer=(335, 265, 425), weight=1380, load=6500,
            approval=approved("2026-04-08"), eur=7490, chf=7900,
        ),
    ),
)  # fmt: skip

VESPERA = Container(
    slug="olivetto-vespera",
    name="Vespera",
    brand="Olivetto",
    kind="backpack",
    description=(
        "An office backpack that happens to hold a cat. Smooth outside, quilted inside, with mesh hidden under a flap "
        "that rolls up and buttons. The strap on the back goes over a trolley handle."
    ),
    care="Wipe with a damp cloth and a drop of saddle soap; the quilted lining is washed at 40 °C.",
    variants=(
        variant(
            "VES-CHESTNUT", "One size", c.CHESTNUT, inner=(300, 226, 372), outer=(325, 255, 400), weight=1540,
            load=6500, approval=approved("2026-05-20"), eur=12900, chf=13500,
        ),
        variant(
            "VES-GRAPHITE", "One size", c.GRAPHITE, inner=(300, 226, 372), outer=(325, 255, 400), weight=1540,
            load=6500, approval=approved("2026-05-20"), eur=12900,
        ),
    ),
)  # fmt: skip

BRAMBLE = Container(
    slug="hollowfern-bramble",
    name="Bramble",
    brand="Hollowfern",
    kind="backpack",
    description=(
        "Folds out at the back into a tent of twice the depth for long waits between trains. "
        "Two ring windows and a wide mesh belt let the cat choose between watching and dozing. "
        "Light enough to carry empty for a whole day."
    ),
    care="Fold out, vacuum, wash by hand at 30 °C and leave it standing open for three days.",
    variants=(
        variant(
            "BRA-BERRY", "One size", c.BERRY, inner=(306, 248, 382), outer=(330, 275, 410), weight=1290, load=7000,
            approval=approved("2026-03-30"), eur=6990,
            rental=rent(deposit=5000, late=700, turnaround=3, rates=((1, 620), (4, 460), (8, 350), (15, 270))),
        ),
        variant(
            "BRA-LAVENDER", "One size", c.LAVENDER, inner=(306, 248, 382), outer=(330, 275, 410), weight=1290,
            load=7000,
            approval=refused(
                "2026-03-30", "The end of a frame wire came through the seam of the tent.",
                "no_sharp_edges", "washability",
            ),
        ),
    ),
)  # fmt: skip

BACKPACK = (ORBIT, STI, LOOKOUT, VESPERA, BRAMBLE)
