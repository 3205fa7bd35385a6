"""Queries of the ORM that are written once: compiled once a process, planned once a connection (ADR 35)."""

import re
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from functools import cache, cached_property
from types import SimpleNamespace
from typing import Any, Generic, TypeVar

from django.db import connection, connections
from django.db.models import AutoField, Expression, Lookup, Model, QuerySet
from django.db.models.sql.subqueries import UpdateQuery
from django.db.transaction import TransactionManagementError
from psycopg import sql

from core.postgres import prepared_cursor

Row = TypeVar("Row")
M = TypeVar("M", bound=Model)


class Given(Expression):
    """Stands in a query for a value that each asking gives by name."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, *_: Any) -> Any:
        return "%s", [self]


class IsOneOf(Lookup):
    """`filter(IsOneOf(F("sku"), Given("skus")))`: one text however many there are, which `__in` is not."""

    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        left, before = self.process_lhs(compiler, connection)
        right, after = compiler.compile(self.rhs)
        return f"{left} = ANY({right})", [*before, *after]


class Prepared(Generic[Row]):
    """A queryset that is always the same but for what is `Given`, without the price of saying it anew each time.

    What is constant in it stands in the text as it is, so that partial indexes are used. Nothing is prefetched, and
    nothing in it may depend on when it was first asked, such as `timezone.now()`.
    """

    def __init__(self, make: Callable[[], QuerySet[Any, Row]]) -> None:
        self._make = make

    def all(self, **given: Any) -> list[Row]:
        """One statement."""
        queryset, compiler, converters, text = self._compiled
        if queryset.query.select_for_update and connection.get_autocommit():
            raise TransactionManagementError("A row is locked in a transaction only.")
        with prepared_cursor() as cursor:
            cursor.execute(text, given)
            rows = cursor.fetchall()
        mine = copy(compiler)
        mine.connection = connections[connection.alias]  # each thread has its own
        mine.execute_sql = lambda *_, **__: [rows]
        mine.get_converters = lambda _: converters
        query = copy(queryset.query)
        query.get_compiler = lambda *_, **__: mine
        asked = SimpleNamespace(query=query, db=connection.alias, _known_related_objects={}, _fields=queryset._fields)
        return list(queryset._iterable_class(asked))  # noqa: SLF001 (what a queryset does with its own rows)

    def first(self, **given: Any) -> Row | None:
        """The first row of a query that says which one that is."""
        return next(iter(self.all(**given)), None)

    @cached_property
    def _compiled(self) -> tuple[Any, Any, Any, str]:
        queryset = self._make()
        compiler = queryset.query.get_compiler(connection=connection)
        text, values = compiler.as_sql()
        converters = compiler.get_converters([column for column, *_ in compiler.select[: compiler.col_count]])
        compiler.connection = None
        return queryset, compiler, converters, _with_names(text, iter(values))


class PreparedUpdate:
    """`update()` of a queryset that is always the same but for what is `Given`: to the filter, and to these fields."""

    def __init__(self, make: Callable[[], QuerySet[Any, Any]], *fields: str) -> None:
        self._make, self._fields = make, fields

    def run(self, **given: Any) -> int:
        """One statement. Returns how many rows were changed."""
        (fields, text), mine = self._compiled, connections[connection.alias]
        values = {field.attname: field.get_db_prep_save(given[field.attname], mine) for field in fields}
        with prepared_cursor() as cursor:
            cursor.execute(text, {**given, **values})
            return int(cursor.rowcount)

    def save(self, row: Model) -> None:
        """As `row.save(update_fields=…)`, of a queryset with `pk=Given("pk")`."""
        fields, _ = self._compiled
        self.run(pk=row.pk, **{field.attname: getattr(row, field.attname) for field in fields})

    @cached_property
    def _compiled(self) -> tuple[list[Any], str]:
        query: Any = self._make().query.chain(UpdateQuery)
        query.add_update_values({name: Given(name) for name in self._fields})
        text, values = query.get_compiler(connection=connection).as_sql()
        return [field for field, *_ in query.values], _with_names(text, iter(values))


def insert(rows: Sequence[M]) -> Sequence[M]:
    """`bulk_create` of rows of one model. Returns them."""
    if not rows:
        return rows
    fields, makes_keys, text = _insert_of(type(rows[0]), len(rows))
    mine = connections[connection.alias]  # `connection` looks for it each time that it is asked something
    values = [_sent(field.get_db_prep_save(field.pre_save(row, True), mine)) for row in rows for field in fields]
    with prepared_cursor() as cursor:
        cursor.execute(text, values)
        if makes_keys:
            for row, (key,) in zip(rows, cursor.fetchall(), strict=True):
                row.pk = key
    for row in rows:
        row._state.adding, row._state.db = False, connection.alias  # noqa: SLF001
    return rows


@cache
def _insert_of(model: type[Model], number: int) -> tuple[list[Any], bool, str]:
    about: Any = model._meta  # noqa: SLF001 (Django documents it)
    fields = [field for field in about.local_concrete_fields if not isinstance(field, AutoField)]
    table, *columns = map(connection.ops.quote_name, [about.db_table, *(field.column for field in fields)])
    values = ", ".join([f"({', '.join(['%s'] * len(fields))})"] * number)
    makes_keys = isinstance(about.pk, AutoField)
    keys = f" RETURNING {connection.ops.quote_name(about.pk.column)}" if makes_keys else ""
    return fields, makes_keys, f"INSERT INTO {table} ({', '.join(columns)}) VALUES {values}{keys}"  # noqa: S608 (ours)


def _sent(value: Any) -> Any:
    """Numbers as text, whose type is their column's: by themselves, each size would be planned anew."""
    return str(value) if type(value) is int else value


def _with_names(text: str, values: Iterator[Any]) -> str:
    """The statement with names for what is given, and with constants in place."""

    def put(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%%"
        value = next(values)
        if isinstance(value, Given):
            return f"%({value.name})s"
        return sql.Literal(value).as_string(connection.connection).replace("%", "%%")

    return re.sub("%%|%s", put, text)
