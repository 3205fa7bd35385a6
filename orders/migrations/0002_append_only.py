"""Charges and events are written once: the database refuses to change or delete them, whoever asks."""

from django.db import migrations

CREATE = """
CREATE FUNCTION orders_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END;
$$;
CREATE TRIGGER charge_append_only BEFORE UPDATE OR DELETE ON orders_charge
    FOR EACH ROW EXECUTE FUNCTION orders_refuse_change();
CREATE TRIGGER order_event_append_only BEFORE UPDATE OR DELETE ON orders_orderevent
    FOR EACH ROW EXECUTE FUNCTION orders_refuse_change();
"""

DROP = """
DROP TRIGGER charge_append_only ON orders_charge;
DROP TRIGGER order_event_append_only ON orders_orderevent;
DROP FUNCTION orders_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0001_initial")]

    operations = [migrations.RunSQL(CREATE, DROP)]
