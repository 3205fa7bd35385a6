from django.db import migrations

# Of what moved which counts: a line for each row that was changed, under the transaction that changed it. Appended to and
# never updated, so that nobody waits for it. Beside it, how often old lines were forgotten, and what was seen by the last
# time, which is what may be forgotten the next time (inventory.changes). A line of a downtime names its unit, and whoever
# looks finds out whose that is by then: while the line is written, another transaction may be making it a unit of another
# variant.
MAKE = """
CREATE TABLE inventory_change (transaction xid8 NOT NULL DEFAULT pg_current_xact_id(), variant_id bigint, unit_id bigint);
CREATE INDEX change_by_transaction ON inventory_change (transaction);
CREATE TABLE inventory_changes_forgotten (times bigint NOT NULL, server text NOT NULL, snapshot pg_snapshot NOT NULL);
INSERT INTO inventory_changes_forgotten (times, server, snapshot) VALUES (0, '', pg_current_snapshot());
"""
DROP = "DROP TABLE inventory_change; DROP TABLE inventory_changes_forgotten"

TELL = """
CREATE FUNCTION inventory_tell_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        INSERT INTO inventory_change DEFAULT VALUES;  -- of everything
        RETURN NULL;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO inventory_change (variant_id) VALUES (NEW.variant_id);
    END IF;
    IF TG_OP = 'DELETE' OR (TG_OP = 'UPDATE' AND OLD.variant_id <> NEW.variant_id) THEN
        INSERT INTO inventory_change (variant_id) VALUES (OLD.variant_id);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION inventory_tell_change_of_unit() RETURNS trigger LANGUAGE plpgsql AS $$
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
UNTELL = "DROP FUNCTION inventory_tell_change(); DROP FUNCTION inventory_tell_change_of_unit()"


def told(table: str, counted: str, *, by: str = "inventory_tell_change") -> migrations.RunSQL:
    """counted: what of a {row} is counted; of whatever else changes nothing is told."""
    return migrations.RunSQL(
        f"""
        CREATE TRIGGER change_told AFTER INSERT OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION {by}();
        CREATE TRIGGER change_told_of_counted AFTER UPDATE ON {table}
            FOR EACH ROW WHEN (({counted.format(row="OLD")}) IS DISTINCT FROM ({counted.format(row="NEW")}))
            EXECUTE FUNCTION {by}();
        CREATE TRIGGER change_told_of_all AFTER TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION inventory_tell_change();
        """,
        f"""
        DROP TRIGGER change_told ON {table};
        DROP TRIGGER change_told_of_counted ON {table};
        DROP TRIGGER change_told_of_all ON {table};
        """,
    )


LEVEL = "{row}.variant_id, {row}.depot_id, {row}.on_hand, {row}.reserved_elsewhere, {row}.as_of"
RESERVATION = """
    {row}.variant_id, {row}.depot_id, {row}.kind, {row}.quantity, {row}.period, {row}.turnaround_days, {row}.status,
    {row}.expires_at, {row}.unit_id, {row}.status = 'shipped' AND {row}.provider_state = 'checked_out',
    CASE WHEN {row}.status = 'shipped' THEN {row}.provider_acked_at END
"""
UNIT = "{row}.variant_id, {row}.depot_id, {row}.status"
DOWNTIME = "{row}.unit_id, {row}.period"


class Migration(migrations.Migration):
    dependencies = [("inventory", "0010_bundles")]

    operations = [
        migrations.RunSQL(MAKE, DROP),
        migrations.RunSQL(TELL, UNTELL),
        told("inventory_stocklevel", LEVEL),
        told("inventory_reservation", RESERVATION),
        told("inventory_unit", UNIT),
        told("inventory_downtime", DOWNTIME, by="inventory_tell_change_of_unit"),
    ]
