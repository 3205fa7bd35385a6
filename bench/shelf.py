"""A shop of any size, built in SQL: what the measures over HTTP ask for."""

import json
from datetime import date
from typing import Any

from django.core.management import call_command
from django.db import connection

from accounts.models import User
from catalog.checklist import CODES
from catalog.models import TaxRate
from inventory.models import Depot, StockLevel, Unit
from inventory.services import forget_old_changes
from sandbox.inventory.server import Sandbox

DEPOTS = ("BER", "HAM", "MUC")
FOR_ORDERS = 60  # variants of which there is plenty at the first depot
PLENTY = 1_000_000
SCARCE, SCARCE_PIECES = "BENCH-000001", 10  # a variant that many want

# What triggers keep beside the catalog is made once: what is sought in with the variants, the range of a search for a
# trip (ADR 36) when all is there.
_PROJECTED = ("container", "variant", "approval", "saleoffer", "rentaloffer", "rentalrate")
_WITHOUT_RANGE, _WITH_RANGE = (
    "".join(f"ALTER TABLE catalog_{table} {word} TRIGGER catalog_{table}_projects_insert;" for table in _PROJECTED)
    for word in ("DISABLE", "ENABLE")
)
_RANGE = "SELECT catalog_project_some(ARRAY(SELECT id FROM catalog_variant))"

# Two variants a container on average; of fifty one was refused, of ten one is only for sale.
_CATALOG = """
ALTER TABLE catalog_container DISABLE TRIGGER container_inserted_search;
INSERT INTO catalog_container (slug, name, brand, kind, description, published, created_at, updated_at)
SELECT 'bench-' || n, 'Container ' || lpad(n::text, 6, '0'), 'Bench',
       (array['soft', 'hard', 'backpack', 'wheeled', 'car_crate', 'airline_crate'])[1 + n % 6],
       repeat('A quiet place for a cat that travels. ', 6), true, now() - n * interval '1 second', now()
FROM generate_series(1, {variants} / 2) n;
ALTER TABLE catalog_container ENABLE TRIGGER container_inserted_search;
INSERT INTO catalog_variant (container_id, sku, size, colour, colour_hex, inner_length_mm, inner_width_mm,
    inner_height_mm, outer_length_mm, outer_width_mm, outer_height_mm, weight_g, max_load_g)
SELECT id, 'BENCH-' || lpad(row_number() OVER (ORDER BY id, part)::text, 6, '0'), (array['S', 'M', 'L'])[part], 'sage',
       '#8aa38a', 440 + id % 20 * 12, 280 + id % 9 * 10, 190 + id % 11 * 10,
       450 + id % 20 * 12, 290 + id % 9 * 10, 200 + id % 11 * 10, 1100 + id % 30 * 50, 5000 + id % 5 * 1000
FROM catalog_container, generate_series(1, 3) part WHERE part <= 1 + id % 3;
INSERT INTO catalog_containerimage (container_id, image, alt, colour, position, sizes)
SELECT id, 'containers/' || slug || '-' || part || '.webp', name, '', part, '[]'
FROM catalog_container, generate_series(1, 2) part;
INSERT INTO catalog_approval (variant_id, checklist, result, approved_on, note)
SELECT id, '{checklist}', CASE WHEN id % 50 = 0 THEN 'refused' ELSE 'approved' END, '2026-01-15', ''
FROM catalog_variant;
INSERT INTO catalog_saleoffer (variant_id, currency, price_minor, tax_class, valid_from, set_at)
SELECT id, 'EUR', 2990 + id % 200 * 50, 'standard', '2026-01-15', now() FROM catalog_variant;
INSERT INTO catalog_rentaloffer (variant_id, currency, deposit_minor, late_fee_minor, min_days, max_days, prep_days,
    turnaround_days, keep_credit_percent, acclimatisation_percent, tax_class, valid_from, set_at)
SELECT id, 'EUR', 4000, 600, 1, 60, id % 2, 1, 50, 100, 'standard', '2026-01-15', now()
FROM catalog_variant WHERE id % 10 <> 0;
INSERT INTO catalog_rentalrate (offer_id, from_days, per_day_minor)
SELECT o.id, r.from_days, r.per_day + o.id % 50 * 10
FROM catalog_rentaloffer o, (VALUES (1, 900), (4, 700), (8, 500)) r(from_days, per_day);
INSERT INTO catalog_season (name, kind, start_on, end_on, percent)
SELECT 'Holidays', '', current_date + 60, current_date + 80, 20;
"""

# Two units a pool; of live rentals one a pool, which come in no order; twice as many past ones.
_STOCK = """
INSERT INTO inventory_stocklevel (variant_id, depot_id, on_hand, reserved_elsewhere, as_of)
SELECT v.id, d.id, CASE WHEN v.sku = '{scarce}' THEN {scarce_pieces} WHEN v.id <= {first} + {for_orders} THEN {plenty}
                        ELSE 5 + v.id % 20 END, v.id % 3, now()
FROM catalog_variant v, inventory_depot d;
INSERT INTO inventory_unit (serial, variant_id, depot_id, condition, status, decided_here)
SELECT v.sku || '-' || d.code || '-' || n, v.id, d.id, 'A', 'available', false
FROM catalog_variant v, inventory_depot d, generate_series(1, 2) n;
INSERT INTO inventory_downtime (unit_id, period, reason, is_turnaround)
SELECT id, daterange(current_date + id::int % 60, current_date + id::int % 60 + 4), '', false
FROM inventory_unit WHERE id % 100 = 0;
INSERT INTO inventory_reservation (id, variant_id, depot_id, kind, quantity, period, turnaround_days, status,
    provider_state, sync_failures, sync_error, created_at)
SELECT gen_random_uuid(), v.id, d.id, 'rental', 1,
       CASE WHEN n = 0 THEN daterange(current_date + x.off, current_date + x.off + 6)
            ELSE daterange(current_date - 400 + x.off, current_date - 395 + x.off) END,
       1, CASE WHEN n = 0 THEN 'committed' ELSE 'fulfilled' END,
       CASE WHEN n = 0 THEN 'confirmed' ELSE 'released' END, 0, '', now()
FROM catalog_variant v, inventory_depot d, generate_series(0, 2) n,
     LATERAL (SELECT (v.id * 7919 + d.id * 31)::int % 90 + 1 AS off) x
ORDER BY random();
"""


def fill(variants: int) -> list[str]:
    """A shop with so many variants, statistics as autovacuum keeps them. The SKUs of which there is plenty."""
    for code in DEPOTS:
        Depot.objects.create(code=code, name=code, city=code, country="DE", time_zone="Europe/Berlin")
    TaxRate.objects.create(country="DE", rate_bp=1900, valid_from=date(2020, 1, 1))
    call_command("load_airline_rules", verbosity=0, stdout=_Nowhere())
    met = json.dumps(dict.fromkeys(CODES, True))
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(_WITHOUT_RANGE)
        cursor.execute(_CATALOG.replace("{variants}", str(variants)).replace("{checklist}", met))
        cursor.execute(_WITH_RANGE)
        cursor.execute("ANALYZE")
        cursor.execute(_RANGE)
        cursor.execute("SELECT min(id) FROM catalog_variant")
        facts: dict[str, Any] = {"first": cursor.fetchone()[0], "for_orders": FOR_ORDERS, "plenty": PLENTY}
        cursor.execute(_STOCK.format(scarce=SCARCE, scarce_pieces=SCARCE_PIECES, **facts))
        forget_old_changes()
        cursor.execute("VACUUM ANALYZE")
        cursor.execute(
            "SELECT sku FROM inventory_stocklevel l JOIN catalog_variant v ON v.id = variant_id "
            "JOIN catalog_saleoffer s USING (variant_id) JOIN inventory_depot d ON d.id = depot_id "
            "WHERE on_hand = %s AND code = %s AND v.id %% 50 <> 0 ORDER BY sku",
            [PLENTY, DEPOTS[0]],
        )
        return [sku for (sku,) in cursor.fetchall()]


def tell(ims: Sandbox) -> None:
    """The inventory system has what orders are about, as counted here."""
    levels = StockLevel.objects.filter(on_hand__in=[PLENTY, SCARCE_PIECES], depot__code=DEPOTS[0])
    counted = levels.values("variant__sku", "depot__code", "on_hand", "reserved_elsewhere")
    names = ("sku", "depot", "on_hand", "reserved_elsewhere")
    ims.store.seed([dict(zip(names, row.values(), strict=True)) for row in counted], [])


def customers(number: int) -> list[User]:
    return User.objects.bulk_create(User(email=f"customer-{n}@bench.example") for n in range(number))


class _Nowhere:
    def write(self, _text: str) -> None:
        pass


__all__ = ["DEPOTS", "SCARCE", "SCARCE_PIECES", "Unit", "customers", "fill", "tell"]
