from django.db import migrations

# A line of a downtime names its unit, and whoever looks finds out whose that is by then: while the line is written, another
# transaction may be making it a unit of another variant.
NAMES_UNIT = """
ALTER TABLE inventory_change ADD COLUMN unit_id bigint;
CREATE OR REPLACE FUNCTION inventory_tell_change_of_unit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO inventory_change (unit_id) VALUES (NEW.unit_id);
    END IF;
    IF TG_OP = 'DELETE' OR (TG_OP = 'UPDATE' AND OLD.unit_id <> NEW.unit_id) THEN
        INSERT INTO inventory_change (unit_id) VALUES (OLD.unit_id);
    END IF;
    RETURN NULL;
END $$;
"""
NAMES_VARIANT = """
CREATE OR REPLACE FUNCTION inventory_tell_change_of_unit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO inventory_change (variant_id) SELECT variant_id FROM inventory_unit WHERE id = NEW.unit_id;
    END IF;
    IF TG_OP = 'DELETE' OR (TG_OP = 'UPDATE' AND OLD.unit_id <> NEW.unit_id) THEN
        INSERT INTO inventory_change (variant_id) SELECT variant_id FROM inventory_unit WHERE id = OLD.unit_id;
    END IF;
    RETURN NULL;
END $$;
ALTER TABLE inventory_change DROP COLUMN unit_id;
"""


class Migration(migrations.Migration):
    dependencies = [("inventory", "0012_unit_never_twice")]

    operations = [migrations.RunSQL(NAMES_UNIT, NAMES_VARIANT)]
