"""Look at the database that DATABASE_URL names. Run by the virtual environment's Python, which has psycopg.

Prints the server's version. Exits 1 with one line on stderr if there is no usable server. With --create, makes the
database first if it is missing.
"""

import os
import sys
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import sql

OLDEST_SERVER = 15


def connect(url: str, database: str | None = None) -> "psycopg.Connection[tuple[object, ...]]":
    address = psycopg.conninfo.make_conninfo(url, connect_timeout=5, **({"dbname": database} if database else {}))
    return psycopg.connect(address, autocommit=True)


def create_if_missing(url: str, database: str) -> None:
    with connect(url, "postgres") as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone():
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))


def main(arguments: list[str]) -> None:
    url = os.environ["DATABASE_URL"]
    address = urlsplit(url)
    if address.scheme not in {"postgres", "postgresql"}:
        sys.exit("it must begin with postgres:// or postgresql://")
    # libpq knows the two schemes above, Django also reads options behind the question mark that libpq refuses.
    plain = address._replace(query="").geturl()
    try:
        if "--create" in arguments:
            create_if_missing(plain, unquote(address.path.lstrip("/")))
        with connect(plain) as connection:
            version = connection.info.server_version // 10000
    except psycopg.Error as error:
        sys.exit(" ".join(str(error).split()))
    if version < OLDEST_SERVER:
        sys.exit(f"the server is PostgreSQL {version}, {OLDEST_SERVER} or newer is needed")
    print(version)


if __name__ == "__main__":
    main(sys.argv[1:])
