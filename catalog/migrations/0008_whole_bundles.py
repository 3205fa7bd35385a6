from importlib import import_module

from django.db import migrations

watch = import_module("catalog.migrations.0004_version").watch

MEASURES = (
    "inner_length_mm", "inner_width_mm", "inner_height_mm", "outer_length_mm", "outer_width_mm", "outer_height_mm",
    "weight_g", "max_load_g",
)
TAKEN = "\n".join(f"        NEW.{name} := lead.{name};" for name in MEASURES)
OLD, NEW = (", ".join(f"{row}.{name}" for name in MEASURES) for row in ("OLD", "NEW"))

# The measures of a bundle are those of its leading part, whoever writes either: one truth, which every search, fit and
# answer reads where it reads that of other variants.
FOLLOW = f"""
CREATE FUNCTION catalog_bundle_measures() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    lead catalog_variant;
BEGIN
    SELECT v.* INTO lead FROM catalog_bundlepart p JOIN catalog_variant v ON v.id = p.part_id
    WHERE p.bundle_id = NEW.id ORDER BY p.position, p.id LIMIT 1;
    IF FOUND THEN
{TAKEN}
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER variant_measures_of_lead BEFORE INSERT OR UPDATE ON catalog_variant
    FOR EACH ROW EXECUTE FUNCTION catalog_bundle_measures();

CREATE FUNCTION catalog_bundles_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE catalog_variant SET size = size
    WHERE id IN (SELECT p.bundle_id FROM catalog_bundlepart p WHERE p.part_id = NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER variant_leads_bundles AFTER UPDATE ON catalog_variant FOR EACH ROW
    WHEN (({OLD}) IS DISTINCT FROM ({NEW})) EXECUTE FUNCTION catalog_bundles_follow();
"""

# Deferred: parts are written one by one. The catalog's version is locked by whoever writes any of this, so that what is
# read here at the end of a transaction nobody changes meanwhile.
WHOLE = """
CREATE FUNCTION catalog_bundle_is_whole() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    one bigint;
    wrong text;
BEGIN
    FOREACH one IN ARRAY array_remove(ARRAY[
        CASE WHEN TG_OP <> 'DELETE' THEN NEW.bundle_id END, CASE WHEN TG_OP <> 'INSERT' THEN OLD.bundle_id END
    ], NULL) LOOP
        UPDATE catalog_variant SET size = size WHERE id = one;
        SELECT CASE
            WHEN sum(p.quantity) < 2 THEN 'has two pieces at least'
            WHEN bool_or(EXISTS (SELECT FROM catalog_bundlepart x WHERE x.bundle_id = p.part_id)
                         OR EXISTS (SELECT FROM catalog_bundlepart x WHERE x.part_id = p.bundle_id))
                THEN 'consists of no bundles'
            WHEN NOT (array_agg(p.comes_back AND c.kind <> 'accessory' ORDER BY p.position, p.id))[1]
                THEN 'is led by what holds a cat and comes back'
        END INTO wrong
        FROM catalog_bundlepart p JOIN catalog_variant v ON v.id = p.part_id
             JOIN catalog_container c ON c.id = v.container_id
        WHERE p.bundle_id = one;
        IF wrong IS NOT NULL THEN
            RAISE EXCEPTION 'a bundle %', wrong USING ERRCODE = 'check_violation', CONSTRAINT = 'bundle_is_whole';
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER bundle_is_whole AFTER INSERT OR UPDATE OR DELETE ON catalog_bundlepart
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION catalog_bundle_is_whole();
"""

DROP = """
DROP TRIGGER bundle_is_whole ON catalog_bundlepart;
DROP FUNCTION catalog_bundle_is_whole();
DROP TRIGGER variant_leads_bundles ON catalog_variant;
DROP FUNCTION catalog_bundles_follow();
DROP TRIGGER variant_measures_of_lead ON catalog_variant;
DROP FUNCTION catalog_bundle_measures();
"""


class Migration(migrations.Migration):
    dependencies = [("catalog", "0007_bundles")]

    operations = [watch("catalog_bundlepart"), migrations.RunSQL(FOLLOW + WHOLE, DROP)]
