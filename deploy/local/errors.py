class Failure(Exception):
    """Something the reader can act on. It is printed as one line, without a traceback."""


class Stopped(Exception):
    """Ctrl-C or SIGTERM came while something was still being set up."""
