"""Exit 0 if the web server of this container answers at /livez, 1 if not."""

import http.client
import os
import sys

TIMEOUT_SECONDS = 3


def answers() -> bool:
    port = int(os.environ.get("BIND", "127.0.0.1:8000").split(",")[0].rpartition(":")[2])
    # Asked under a name that it serves: any other is refused, this machine's address among them.
    host = os.environ.get("ALLOWED_HOSTS", "").split(",")[0].strip().lstrip(".") or "localhost"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/livez", headers={"Host": host})
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if answers() else 1)
