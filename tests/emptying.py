"""How the tables are emptied after a test that commits.

Django truncates them all, which makes several hundred files anew, and looks for new permissions: a fifth of a second
for each such test, most of it for tables that were empty.
"""

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction

KEPT = {"django_migrations", ContentType._meta.db_table, Permission._meta.db_table}  # the same for every test
REFUSING = """
    SELECT format('%%I', tgrelid::regclass), format('%%I', tgname) FROM pg_trigger
    WHERE NOT tgisinternal AND tgtype & 9 = 9 AND tgrelid::regclass::text = ANY(%s)
"""  # those for each row that is deleted: they keep what is append-only


def empty_tables() -> None:
    """Delete every row of Django's tables, but what is the same for every test. The catalog's version moves."""
    with transaction.atomic(), connection.cursor() as cursor:
        names = sorted(set(connection.introspection.django_table_names(only_existing=True, include_views=False)) - KEPT)
        cursor.execute(" UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in names))
        filled = [name for (name,) in cursor.fetchall()]
        if not filled:
            return
        cursor.execute(REFUSING, [filled])
        guards = cursor.fetchall()
        cursor.execute(
            "; ".join(
                [
                    *(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}" for table, trigger in guards),
                    *(f"DELETE FROM {name}" for name in filled),
                    "SET CONSTRAINTS ALL IMMEDIATE",  # a table with checks to come cannot be altered
                    *(f"ALTER TABLE {table} ENABLE TRIGGER {trigger}" for table, trigger in guards),
                ]
            )
        )


__all__ = ["empty_tables"]
