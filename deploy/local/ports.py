import secrets
import socket

from deploy.local.errors import Failure

TRIES = 100
# Below the ports that kernels give to outgoing connections: a server that starts again finds its own still free.
QUIET = range(20_000, 32_000)


def is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: without it a port whose last connections are only fading away would count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except OSError:
            return False
        return True


def first_free(wanted: int, *, taken: set[int] | None = None) -> int:
    """The wanted port, else the next one up that nobody listens on and that is not in `taken`."""
    for port in range(wanted, min(wanted + TRIES, 65536)):
        if port not in (taken or set()) and is_free(port):
            return port
    raise Failure(f"no free port on 127.0.0.1 from {wanted} to {min(wanted + TRIES, 65536) - 1}")


def any_free() -> int:
    return first_free(secrets.choice(QUIET))


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
