"""Django's PostgreSQL, whose pool never lends a connection that a restart of the database has killed."""

from typing import Any

from django.db.backends.postgresql import base
from psycopg import OperationalError


class DatabaseWrapper(base.DatabaseWrapper):
    """One dead connection means that the others died with it, so the pool starts anew.

    Not Django's CONN_HEALTH_CHECKS: psycopg's pool then waits ever longer before it tries its next connection, which is
    as dead, until nobody waits for the answer any more.
    """

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        if (pool := self.pool) is None:
            return connection
        try:
            pool.check_connection(connection)
        except OperationalError:
            pool.putconn(connection)
            pool.drain()
            return super().get_new_connection(conn_params)
        return connection
