from django.db import migrations

# A bundle has no stock of its own: what it claims are its parts. A variant that is counted can become none.
MAKE = """
CREATE FUNCTION inventory_bundle_is_not_counted() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    is_both boolean;
BEGIN
    IF TG_TABLE_NAME = 'catalog_bundlepart' THEN
        is_both := EXISTS (SELECT FROM inventory_stocklevel WHERE variant_id = NEW.bundle_id);
    ELSE
        is_both := EXISTS (SELECT FROM catalog_bundlepart WHERE bundle_id = NEW.variant_id);
    END IF;
    IF is_both THEN
        RAISE EXCEPTION 'a bundle has no stock of its own'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'bundle_is_not_counted';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER bundle_is_not_counted BEFORE INSERT ON inventory_stocklevel
    FOR EACH ROW EXECUTE FUNCTION inventory_bundle_is_not_counted();
CREATE TRIGGER counted_is_no_bundle BEFORE INSERT OR UPDATE ON catalog_bundlepart
    FOR EACH ROW EXECUTE FUNCTION inventory_bundle_is_not_counted();
"""
DROP = """
DROP TRIGGER counted_is_no_bundle ON catalog_bundlepart;
DROP TRIGGER bundle_is_not_counted ON inventory_stocklevel;
DROP FUNCTION inventory_bundle_is_not_counted();
"""


class Migration(migrations.Migration):
    dependencies = [("inventory", "0009_window"), ("catalog", "0008_whole_bundles")]

    operations = [migrations.RunSQL(MAKE, DROP)]
