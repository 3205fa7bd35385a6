"""Who PostgreSQL runs as. It refuses root, and a user without a name; containers and fresh machines give just those.

For a user with a name there is nothing to decide. For root, the first of these that can run the binaries and write the
data directory (`child.py` does each); for a bare number, the last:

1. `nobody`. The data directory is given to it; nothing else is.
2. `nobody` that may pass closed directories. A checkout below /root is out of reach for `nobody`, and opening /root is
   not ours to do. So this one process keeps the power to search and read directories that are closed to it.
3. The same user, in a user namespace where it is called `nobody`: for containers that grant neither of the above.
"""

import os
import pwd
import shutil
import subprocess
from pathlib import Path

from deploy.local.children import bound
from deploy.local.errors import Failure

NOBODY = 65534
CHOICES = ("nobody", "nobody-reading-all", "own-namespace")


def choose(home: Path, data: Path, program: Path) -> str:
    """Who can run the program and owns its data afterwards. `data` need not exist yet."""
    if os.geteuid() != 0 and has_name(os.geteuid()):
        return "same"
    reasons = []
    for choice in CHOICES if os.geteuid() == 0 else CHOICES[-1:]:
        reason = _tried(choice, home, data, program)
        if reason is None:
            return choice
        reasons.append(reason)
    raise Failure(
        f"PostgreSQL cannot run as user {os.geteuid()} and there is no way around it ({'; '.join(reasons)}): "
        "start this as an ordinary user, or set DATABASE_URL"
    )


def has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def owner(identity: str) -> int:
    return NOBODY if identity.startswith("nobody") else os.geteuid()


def give(path: Path, identity: str) -> None:
    """Let the identity own a file or a tree, always one inside the checkout."""
    uid = owner(identity)
    if path.lstat().st_uid == uid:
        return
    gid = NOBODY if uid == NOBODY else os.getegid()
    for entry in [path, *path.rglob("*")]:
        os.lchown(entry, uid, gid)


def _tried(choice: str, home: Path, data: Path, program: Path) -> str | None:
    """None if it works, else why not."""
    trial = data if data.exists() else home / "trial"
    trial.mkdir(mode=0o700, exist_ok=True)
    try:
        give(trial, choice)
        command = bound([str(program), "--version"], identity=choice)
        wanted = ["--may-run", str(program), "--may-write", str(trial)]
        split = command.index("--")
        asked = subprocess.run(
            [*command[:split], *wanted, *command[split:]], capture_output=True, text=True, check=False
        )
    except OSError as error:
        return f"{choice}: {error}"
    finally:
        if trial != data:
            shutil.rmtree(trial)
    return None if asked.returncode == 0 else (asked.stderr.strip().splitlines() or [choice])[-1]
