"""Ports for servers that a test starts itself."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def kept_port() -> Iterator[int]:
    """A port of 127.0.0.1 on which a server may listen, be killed and listen again, and that nobody else is given.

    Bound here without being listened on: the kernel gives such a port neither to a server that asks for any nor to an
    outgoing connection, and connecting to it is refused until somebody listens. Only who names it gets it.
    """
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        # Only now: bound alone, and shared with servers, which ask for it too.
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        yield int(holder.getsockname()[1])
