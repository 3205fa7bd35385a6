import sys

OLDEST_PYTHON = (3, 11)

# Asked before anything else is imported: an older Python could not even read the rest.
if sys.version_info[:2] < OLDEST_PYTHON:
    sys.exit(
        f"Python 3.11 or newer is needed; {sys.executable} is {sys.version_info[0]}.{sys.version_info[1]}. "
        "If another one is installed: make PYTHON=python3.12 run"
    )

from deploy.local.cli import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
