"""The demo shop in one place: containers, depots, stock, taxes, delivery, a customer's cats, and our checklist.

Pure data, the same on every run. The range itself is written kind by kind in `config.demo.containers`.
"""

from catalog.checklist import CHECKLIST
from config.demo.bundles import ACCESSORIES, BUNDLES, PART_STOCK, PART_UNITS
from config.demo.containers import CONTAINERS
from config.demo.containers.build import INSPECTOR
from config.demo.places import CANCELLATION, COUPONS, DELIVERY_RATES, DEPOTS, TAX_RATES
from config.demo.records import Cat
from config.demo.stock import STOCK, UNITS

__all__ = [
    "ACCESSORIES",
    "BUNDLES",
    "CANCELLATION",
    "CATS",
    "CHECKLIST",
    "CONTAINERS",
    "COUPONS",
    "DELIVERY_RATES",
    "DEPOTS",
    "INSPECTOR",
    "PART_STOCK",
    "PART_UNITS",
    "STOCK",
    "TAX_RATES",
    "UNITS",
]

CATS = (
    Cat(  # a European Shorthair
        name="Miso",
        length_mm=460,
        elbow_height_mm=140,
        width_mm=160,
        height_mm=280,
        weight_g=4300,
        snub_nosed=False,
    ),
    Cat(  # a Maine Coon
        name="Odin",
        length_mm=560,
        elbow_height_mm=190,
        width_mm=180,
        height_mm=370,
        weight_g=7600,
        snub_nosed=False,
    ),
    Cat(  # a Persian
        name="Pepa",
        length_mm=420,
        elbow_height_mm=120,
        width_mm=165,
        height_mm=260,
        weight_g=4700,
        snub_nosed=True,
    ),
)
