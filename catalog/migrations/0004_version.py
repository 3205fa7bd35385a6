from django.db import migrations

TABLES = (
    "catalog_container", "catalog_containerimage", "catalog_variant", "catalog_approval", "catalog_saleoffer",
    "catalog_rentaloffer", "catalog_rentalrate", "catalog_season", "catalog_airline", "catalog_cabinrule",
    "catalog_holdrule",
)

# Before a statement touches its rows: whoever changes the catalog waits here, and not for each other's rows.
# `number` moves when a change is committed; `moved_at` tells it from the same number before a backup was restored. The
# sequence moves with every statement, committed or not, so that whoever reads inside of a transaction that changes more
# than once, or that is undone, does not take one state for another.
MAKE = """
CREATE TABLE catalog_version (number bigint NOT NULL, moved_at timestamptz NOT NULL, transaction xid8);
INSERT INTO catalog_version (number, moved_at) VALUES (1, clock_timestamp());
CREATE SEQUENCE catalog_statements;
SELECT nextval('catalog_statements');  -- the first call returns the start, where it stands already

CREATE FUNCTION catalog_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM nextval('catalog_statements');
    UPDATE catalog_version SET number = number + 1, moved_at = clock_timestamp(), transaction = pg_current_xact_id()
    WHERE transaction IS DISTINCT FROM pg_current_xact_id();
    RETURN NULL;
END $$;
"""
DROP = """
DROP FUNCTION catalog_changes();
DROP SEQUENCE catalog_statements;
DROP TABLE catalog_version;
"""


def watch(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"CREATE TRIGGER {table}_changes BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION catalog_changes()",
        f"DROP TRIGGER {table}_changes ON {table}",
    )


class Migration(migrations.Migration):
    dependencies = [("catalog", "0003_airlines")]

    operations = [migrations.RunSQL(MAKE, DROP), *map(watch, TABLES)]
