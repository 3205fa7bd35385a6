from django.db import migrations

# The range: what can be had, taken apart into what a search has to look at only once (ADR 36). `catalog_offered` has a row
# for each variant, mode and currency, and for each version of its price that is not known to be over (ADR 37). A shape is
# all of them that fit alike, for as many days, in force as long: how many, and the first of their SKUs. A tariff is all
# that cost alike.
TABLES = """
CREATE TYPE catalog_range_row AS (
    variant_id bigint, sku text, kind text, inner_length_mm int, inner_width_mm int, inner_height_mm int,
    outer_length_mm int, outer_width_mm int, outer_height_mm int, weight_g int, max_load_g int,
    mode text, currency text, valid_from date, valid_until date, min_days int, max_days int,
    from_days int[], per_day_minor bigint[]
);
CREATE TABLE catalog_shape (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mode text NOT NULL, currency text NOT NULL,
    valid_from date NOT NULL, valid_until date NOT NULL, min_days int NOT NULL, max_days int NOT NULL, kind text NOT NULL,
    inner_length_mm int NOT NULL, inner_width_mm int NOT NULL, inner_height_mm int NOT NULL,
    outer_length_mm int NOT NULL, outer_width_mm int NOT NULL, outer_height_mm int NOT NULL,
    weight_g int NOT NULL, max_load_g int NOT NULL, variants int NOT NULL DEFAULT 0, skus text[] NOT NULL DEFAULT '{}',
    CONSTRAINT shape_once UNIQUE (mode, currency, valid_from, valid_until, min_days, max_days, kind, inner_length_mm,
        inner_width_mm, inner_height_mm, outer_length_mm, outer_width_mm, outer_height_mm, weight_g, max_load_g)
);
CREATE TABLE catalog_tariff (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mode text NOT NULL, currency text NOT NULL,
    min_days int NOT NULL, max_days int NOT NULL, kind text NOT NULL, from_days int[] NOT NULL,
    per_day_minor bigint[] NOT NULL,
    CONSTRAINT tariff_once UNIQUE (mode, currency, min_days, max_days, kind, from_days, per_day_minor)
);
CREATE TABLE catalog_offered (
    variant_id bigint, mode text, currency text, valid_until date, sku text NOT NULL, shape_id bigint NOT NULL,
    tariff_id bigint NOT NULL, PRIMARY KEY (variant_id, mode, currency, valid_until)
);
CREATE INDEX offered_by_tariff ON catalog_offered (tariff_id);
CREATE INDEX offered_by_shape ON catalog_offered (shape_id);
"""

# What of these variants can be had and holds a cat: of published containers, approved by the latest inspection. A sale is a tariff of one
# step, for any number of days. An offer without rates has no price, so it is none. What depends on the day is not
# decided here, as days end without anybody writing: a version is left out only if the one after it was written when
# that had begun, and one that had begun when it was written is in force since ever, so that all of these share a shape.
RANGE = """
CREATE FUNCTION catalog_begun(valid_from date, set_at timestamptz) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT valid_from <= (set_at AT TIME ZONE 'Etc/GMT+12')::date  -- where days begin last: never too early
$$;
CREATE FUNCTION catalog_range(ids bigint[]) RETURNS SETOF catalog_range_row LANGUAGE sql STABLE AS $$
    SELECT v.id, v.sku, c.kind, v.inner_length_mm, v.inner_width_mm, v.inner_height_mm,
           v.outer_length_mm, v.outer_width_mm, v.outer_height_mm, v.weight_g, v.max_load_g,
           had.mode, had.currency, CASE WHEN catalog_begun(had.valid_from, had.set_at) THEN '-infinity'
                                        ELSE had.valid_from END, coalesce(had.valid_until, 'infinity'), had.min_days,
           had.max_days, had.from_days, had.per_day_minor
    FROM catalog_variant v
    JOIN catalog_container c ON c.id = v.container_id AND c.published AND c.kind <> 'accessory'
    JOIN LATERAL (
        SELECT a.result FROM catalog_approval a WHERE a.variant_id = v.id ORDER BY a.approved_on DESC, a.id DESC LIMIT 1
    ) latest ON latest.result = 'approved'
    CROSS JOIN LATERAL (
        SELECT 'buy' AS mode, s.currency, s.valid_from, s.valid_until, s.set_at, 0 AS min_days, 32767 AS max_days,
               '{1}'::int[] AS from_days, ARRAY[s.price_minor] AS per_day_minor
        FROM catalog_saleoffer s
        WHERE s.variant_id = v.id AND NOT EXISTS (
            SELECT FROM catalog_saleoffer x WHERE x.variant_id = v.id AND x.currency = s.currency
                AND x.valid_from >= s.valid_until AND catalog_begun(x.valid_from, x.set_at))
        UNION ALL
        SELECT 'rent', o.currency, o.valid_from, o.valid_until, o.set_at, o.min_days, o.max_days,
               array_agg(r.from_days::int ORDER BY r.from_days), array_agg(r.per_day_minor ORDER BY r.from_days)
        FROM catalog_rentaloffer o JOIN catalog_rentalrate r ON r.offer_id = o.id
        WHERE o.variant_id = v.id AND NOT EXISTS (
            SELECT FROM catalog_rentaloffer x WHERE x.variant_id = v.id AND x.currency = o.currency
                AND x.valid_from >= o.valid_until AND catalog_begun(x.valid_from, x.set_at))
        GROUP BY o.id
    ) had
    WHERE v.id = ANY(ids)
$$;
"""

# Whoever changes the catalog holds the row of its version (0004), so nobody else is at work here.
PROJECT = """
CREATE FUNCTION catalog_project_some(ids bigint[]) RETURNS void LANGUAGE plpgsql
SET enable_seqscan = off AS $$  -- planned while there was nothing, it would go on to read everything
DECLARE
    had catalog_range_row[] := ARRAY(SELECT r FROM catalog_range(ids) r);
    wanted catalog_offered[];
    left_shapes bigint[];
    left_tariffs bigint[];
    new_shapes bigint[];
BEGIN
    INSERT INTO catalog_shape (mode, currency, valid_from, valid_until, min_days, max_days, kind, inner_length_mm,
        inner_width_mm, inner_height_mm, outer_length_mm, outer_width_mm, outer_height_mm, weight_g, max_load_g)
    SELECT DISTINCT mode, currency, valid_from, valid_until, min_days, max_days, kind, inner_length_mm, inner_width_mm,
                    inner_height_mm, outer_length_mm, outer_width_mm, outer_height_mm, weight_g, max_load_g
    FROM unnest(had) ON CONFLICT DO NOTHING;
    INSERT INTO catalog_tariff (mode, currency, min_days, max_days, kind, from_days, per_day_minor)
    SELECT DISTINCT mode, currency, min_days, max_days, kind, from_days, per_day_minor
    FROM unnest(had) ON CONFLICT DO NOTHING;
    wanted := ARRAY(
        SELECT ROW(h.variant_id, h.mode, h.currency, h.valid_until, h.sku, s.id, t.id)::catalog_offered
        FROM unnest(had) h
        JOIN catalog_shape s USING (mode, currency, valid_from, valid_until, min_days, max_days, kind, inner_length_mm,
            inner_width_mm, inner_height_mm, outer_length_mm, outer_width_mm, outer_height_mm, weight_g, max_load_g)
        JOIN catalog_tariff t USING (mode, currency, min_days, max_days, kind, from_days, per_day_minor)
    );

    WITH gone AS (
        DELETE FROM catalog_offered o
        WHERE o.variant_id = ANY(ids)
            AND NOT EXISTS (SELECT FROM unnest(wanted) w WHERE w.variant_id = o.variant_id AND w = o)
        RETURNING o.shape_id, o.tariff_id
    ) SELECT array_agg(DISTINCT shape_id), array_agg(DISTINCT tariff_id) INTO left_shapes, left_tariffs FROM gone;
    WITH come AS (
        INSERT INTO catalog_offered SELECT w.* FROM unnest(wanted) w ON CONFLICT DO NOTHING RETURNING shape_id
    ) SELECT array_agg(DISTINCT shape_id) INTO new_shapes FROM come;

    UPDATE catalog_shape s SET variants = now.variants, skus = now.skus
    FROM (SELECT shape_id, count(*) AS variants, (array_agg(sku ORDER BY sku))[:3] AS skus
          FROM catalog_offered WHERE shape_id = ANY(left_shapes || new_shapes) GROUP BY shape_id) now
    WHERE s.id = now.shape_id;
    DELETE FROM catalog_shape s
    WHERE s.id = ANY(left_shapes) AND NOT EXISTS (SELECT FROM catalog_offered o WHERE o.shape_id = s.id);
    DELETE FROM catalog_tariff t
    WHERE t.id = ANY(left_tariffs) AND NOT EXISTS (SELECT FROM catalog_offered o WHERE o.tariff_id = t.id);
END $$;

-- Some at a time: lists are compared with lists.
CREATE FUNCTION catalog_project(ids bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    FOR at IN 1..cardinality(ids) BY 200 LOOP
        PERFORM catalog_project_some(ids[at:at + 199]);
    END LOOP;
END $$;

CREATE FUNCTION catalog_projects() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ids bigint[];
BEGIN
    EXECUTE CASE TG_OP
        WHEN 'INSERT' THEN format('SELECT ARRAY(%s)', replace(TG_ARGV[0], 'changed', 'come'))
        WHEN 'DELETE' THEN format('SELECT ARRAY(%s)', replace(TG_ARGV[0], 'changed', 'gone'))
        WHEN 'UPDATE' THEN format('SELECT ARRAY(%s UNION %s)', replace(TG_ARGV[0], 'changed', 'come'),
                                  replace(TG_ARGV[0], 'changed', 'gone'))
        ELSE 'SELECT ARRAY(SELECT DISTINCT variant_id FROM catalog_offered)'
    END INTO ids;
    PERFORM catalog_project(ids);
    RETURN NULL;
END $$;
"""
DROP = """
DROP FUNCTION catalog_projects();
DROP FUNCTION catalog_project(bigint[]);
DROP FUNCTION catalog_project_some(bigint[]);
DROP FUNCTION catalog_range(bigint[]);
DROP FUNCTION catalog_begun(date, timestamptz);
DROP TABLE catalog_offered, catalog_tariff, catalog_shape;
DROP TYPE catalog_range_row;
"""
FILL = "SELECT catalog_project_some(ARRAY(SELECT id FROM catalog_variant))"

# The variants that a changed row of each table is about.
ABOUT = {
    "catalog_container": "SELECT v.id FROM changed JOIN catalog_variant v ON v.container_id = changed.id",
    "catalog_variant": "SELECT id FROM changed",
    "catalog_approval": "SELECT variant_id FROM changed",
    "catalog_saleoffer": "SELECT variant_id FROM changed",
    "catalog_rentaloffer": "SELECT variant_id FROM changed",
    "catalog_rentalrate": "SELECT o.variant_id FROM changed JOIN catalog_rentaloffer o ON o.id = changed.offer_id",
}
ROWS = {
    "insert": "REFERENCING NEW TABLE AS come",
    "update": "REFERENCING NEW TABLE AS come OLD TABLE AS gone",
    "delete": "REFERENCING OLD TABLE AS gone",
    "truncate": "",
}


def project(table: str, about: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        "".join(
            f"CREATE TRIGGER {table}_projects_{event} AFTER {event} ON {table} {rows} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION catalog_projects('{about}');"
            for event, rows in ROWS.items()
        ),
        "".join(f"DROP TRIGGER {table}_projects_{event} ON {table};" for event in ROWS),
    )


class Migration(migrations.Migration):
    dependencies = [("catalog", "0012_versions_of_offers")]

    operations = [
        migrations.RunSQL(TABLES + RANGE + PROJECT, DROP),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        *(project(table, about) for table, about in ABOUT.items()),
    ]
