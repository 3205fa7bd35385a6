"""`tests.ports`: what the tests of servers that die and come back stand on."""

import socket

import pytest

from tests.ports import kept_port


def listening(port: int) -> socket.socket:
    """As servers do: `create_server` shares the port with who is bound to it and does not listen."""
    return socket.create_server(("127.0.0.1", port))


def test_a_kept_port_serves_one_server_after_the_other():
    with kept_port() as port:
        for _ in range(2):
            with listening(port) as server, socket.create_connection(("127.0.0.1", port)) as client:
                server.accept()[0].close()  # this side closes first: the connection fades away on its port
                assert client.recv(1) == b""


def test_nobody_else_is_given_a_kept_port_by_chance():
    with kept_port() as port, socket.socket() as other:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=1)

        with pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", port))


def test_a_port_that_was_only_found_free_may_be_gone_when_the_server_wants_it():
    """Why it is kept: the connection that takes it is anybody's, such as one to the database."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found = probe.getsockname()[1]

    with listening(0) as somebody, socket.socket() as outgoing:
        outgoing.bind(("127.0.0.1", found))
        outgoing.connect(somebody.getsockname())
        with pytest.raises(OSError, match="in use"):
            listening(found)
