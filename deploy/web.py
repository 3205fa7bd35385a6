"""The web server: `python -m deploy.web`. Its knobs are explained in deploy/env.example."""

import sys

from config import env

CONFIG = "deploy/gunicorn.conf.py"


def main() -> None:
    env.integer("WEB_CONCURRENCY", 2, at_least=1)  # gunicorn reads it while it loads, and breaks with a traceback
    from gunicorn.app.wsgiapp import run  # type: ignore[import-untyped]

    sys.argv = ["gunicorn", "-c", CONFIG, "config.wsgi", *sys.argv[1:]]
    run()


if __name__ == "__main__":
    main()
