"""Start one program so that it cannot outlive the launcher, and if asked as somebody other than root.

Run as a script (`python -I -S child.py OPTIONS -- PROGRAM ARGUMENTS`): it changes its own process and then becomes
the program, so the process id stays the same. Standard library only; on systems other than Linux it only becomes the
program.
"""

import argparse
import ctypes
import os
import signal
import sys
from pathlib import Path

NOBODY = 65534
PR_SET_PDEATHSIG = 1
PR_SET_SECUREBITS = 28
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
SECBIT_NO_SETUID_FIXUP = 1 << 2
CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2
CLONE_NEWUSER = 0x10000000
CAPABILITY_VERSION_3 = 0x20080522

IDENTITIES = ("same", "nobody", "nobody-reading-all", "own-namespace")


class CapHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class CapData(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def checked(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def prctl(option: int, first: int, second: int = 0) -> None:
    unsigned = ctypes.c_ulong
    checked(libc().prctl(option, unsigned(first), unsigned(second), unsigned(0), unsigned(0)))


def permitted_capabilities() -> int:
    header, data = CapHeader(CAPABILITY_VERSION_3, 0), (CapData * 2)()
    checked(libc().capget(ctypes.byref(header), data))
    return int(data[0].permitted)


def keep_only(capability: int) -> None:
    mask = 1 << capability
    header, data = CapHeader(CAPABILITY_VERSION_3, 0), (CapData * 2)()
    data[0] = CapData(mask, mask, mask)
    checked(libc().capset(ctypes.byref(header), data))
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability)


def become_nobody() -> None:
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def become_nobody_reading_all() -> None:
    """Be nobody, but able to walk through directories that are closed to it (a checkout or a Python below /root).

    Of root's powers one is kept, for this process and its children: to pass by read and search permissions. Where a
    container does not grant that one, the one that passes by all file permissions. The securebit keeps access(2) honest
    about it: PostgreSQL asks access(2) before it uses its own programs.
    """
    owned = permitted_capabilities()
    capability = CAP_DAC_READ_SEARCH if owned & 1 << CAP_DAC_READ_SEARCH else CAP_DAC_OVERRIDE
    prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP)
    become_nobody()
    keep_only(capability)


def enter_own_namespace() -> None:
    """Stay the same user to the file system, but be called nobody inside: a user namespace that maps nothing else."""
    uid, gid = os.geteuid(), os.getegid()
    checked(libc().unshare(CLONE_NEWUSER))
    write("/proc/self/setgroups", "deny")
    write("/proc/self/uid_map", f"{NOBODY} {uid} 1")
    write("/proc/self/gid_map", f"{NOBODY} {gid} 1")
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def write(path: str, text: str) -> None:
    Path(path).write_text(text, encoding="ascii")


def take_identity(identity: str) -> None:
    if identity == "same":
        return
    if identity == "nobody":
        become_nobody()
    elif identity == "nobody-reading-all":
        become_nobody_reading_all()
    else:
        enter_own_namespace()
    prctl(PR_SET_NO_NEW_PRIVS, 1)


def die_with(parent: int, death_signal: int) -> None:
    """Ask the kernel for `death_signal` at the parent's death, however it dies. Exits if it is dead already."""
    if not sys.platform.startswith("linux"):
        return
    prctl(PR_SET_PDEATHSIG, death_signal)
    if os.getppid() != parent:
        sys.exit(1)


def options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--identity", choices=IDENTITIES, default="same")
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--death-signal", type=int, default=int(signal.SIGTERM))
    parser.add_argument("--may-run", help="exit 1 unless this program may be run")
    parser.add_argument("--may-write", help="exit 1 unless this directory may be written")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> None:
    split = arguments.index("--")
    asked, program = options(arguments[:split]), arguments[split + 1 :]
    try:
        take_identity(asked.identity)
        die_with(asked.parent, asked.death_signal)  # after the change of user, which clears it
    except OSError as error:
        sys.exit(f"{asked.identity}: {error}")
    if asked.may_run and not os.access(asked.may_run, os.R_OK | os.X_OK):
        sys.exit(f"{asked.identity} may not run {asked.may_run}")
    if asked.may_write and not os.access(asked.may_write, os.W_OK | os.X_OK):
        sys.exit(f"{asked.identity} may not write {asked.may_write}")
    try:
        os.execvp(program[0], program)
    except OSError as error:
        sys.exit(f"{program[0]}: {error.strerror}")


if __name__ == "__main__":
    main(sys.argv[1:])
