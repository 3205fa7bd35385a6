"""Django's PostgreSQL, whose pool never lends a connection that a restart of the database has killed."""

import select
from typing import Any

from django.db.backends.postgresql import base, operations
from psycopg import OperationalError

_Prepared: Any = base.ServerBindingCursor  # Django's stubs know nothing of psycopg 3


class DatabaseOperations(operations.DatabaseOperations):
    def last_executed_query(self, cursor: Any, sql: Any, params: Any) -> Any:
        """For the log of statements: what PostgreSQL got in parts and nobody can compose here, as it was sent."""
        return super().last_executed_query(cursor, sql, params) or str(sql)


class DatabaseWrapper(base.DatabaseWrapper):
    """One dead connection means that the others died with it, so the pool starts anew.

    Not Django's CONN_HEALTH_CHECKS: psycopg's pool then waits ever longer before it tries its next connection, which is
    as dead, until nobody waits for the answer any more.
    """

    ops_class = DatabaseOperations

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        if (pool := self.pool) is None or not _has_news(connection):
            return connection
        try:
            pool.check_connection(connection)
        except OperationalError:
            pool.putconn(connection)
            pool.drain()
            return super().get_new_connection(conn_params)
        return connection

    def prepared_cursor(self) -> Any:
        """See `core.postgres.prepared_cursor`."""
        self.ensure_connection()
        with self.wrap_database_errors:
            cursor = _Prepared(self.connection)
        return self.make_debug_cursor(cursor) if self.queries_logged else self.make_cursor(cursor)


def _has_news(connection: Any) -> bool:
    """True when PostgreSQL said something that nobody asked for: on an idle connection that is its end. Costs no way to
    the server, which to ask would."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
