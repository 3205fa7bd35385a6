"""The commands behind the Makefile. Each returns an exit code; a Failure becomes one line."""

import inspect
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from deploy.local import child, database, postgres, processes, venv
from deploy.local.checks import OPENAPI, Checks
from deploy.local.errors import Failure, Stopped
from deploy.local.files import exclusive, holder, read_json
from deploy.local.layout import HERE
from deploy.local.output import Output
from deploy.local.processes import Process, birth, command_line
from deploy.local.run import Run, is_ready
from deploy.local.settings import product_environment, production_like_environment
from deploy.local.steps import Steps
from deploy.local.stopping import StopRequest

LEFTOVERS = (
    *(".run", ".venv", "staticfiles", "media", "private", ".coverage"),
    *(".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".import_linter_cache"),
)
PYTEST = ("-m", "pytest", "-n", "2", "--dist", "worksteal")


class Commands:
    """One method for each command; the arguments are what follows its name."""

    def __init__(self) -> None:
        self.layout = HERE
        self.output = Output()
        self.stop = StopRequest()
        self.steps = Steps(self.layout.root, self.output, self.stop)

    def run(self) -> int:
        """Start everything, until Ctrl-C."""
        Run(self.layout, self.output, self.stop).until_stopped()
        return 0

    def demo(self, *arguments: str) -> int:
        """Walk the whole journey on the running server."""
        variables = self._running()
        if not is_ready(variables["PUBLIC_URL"]):
            raise Failure(f"{variables['PUBLIC_URL']} does not answer yet")
        return self._manage_with(variables, ["demo", *arguments])

    def manage(self, *arguments: str) -> int:
        """Run a management command with the settings of the running server."""
        return self._manage_with(self._running(), arguments)

    def test(self, *arguments: str) -> int:
        """Run the tests on a PostgreSQL of their own. Bytecode is kept, also for the processes that they start."""
        venv.ensure(self.layout, "dev", self.steps)
        with self._throwaway_database("test-postgres") as url:
            variables = {"DJANGO_SETTINGS_MODULE": "config.settings.test", "DATABASE_URL": url}
            env = {**product_environment(variables), "TEST_DATABASE_URL": url}
            env |= {"PYTHONPYCACHEPREFIX": str(self.layout.state / "bytecode"), "PYTHONDONTWRITEBYTECODE": ""}
            return self.steps.foreground([str(self.layout.python), *PYTEST, *arguments], env=env)

    def check(self) -> int:
        """Run every check that is not a test."""
        venv.ensure(self.layout, "dev", self.steps)
        with self._throwaway_database("check-postgres") as url:
            return 1 if Checks(self.layout, self.output, self.stop, url).run() else 0

    def bench(self, *arguments: str) -> int:
        """Measure what stock costs at full volume, and what the API serves, in databases of their own."""
        venv.ensure(self.layout, "dev", self.steps)
        with self._throwaway_database("bench-postgres") as url:
            env = product_environment({"DJANGO_SETTINGS_MODULE": "config.settings.test", "DATABASE_URL": url})
            python = [str(self.layout.python), "-W", "ignore", "-m"]
            api = self.steps.foreground([*python, "bench.api", *arguments], env=env)
            stock = () if arguments else ("bench.availability", "bench.mirror")
            return max(api, *(self.steps.foreground([*python, module], env=env) for module in stock), 0)

    def chaos(self, *arguments: str) -> int:
        """Let everything fail while customers shop, in a database of its own, and check every promise afterwards."""
        venv.ensure(self.layout, "dev", self.steps)
        with self._throwaway_database("chaos-postgres") as url:
            env = product_environment({"DJANGO_SETTINGS_MODULE": "config.settings.test", "DATABASE_URL": url})
            return self.steps.foreground([str(self.layout.python), "-m", "tests.journeys.chaos", *arguments], env=env)

    def openapi(self) -> int:
        """Write the OpenAPI document anew from the code."""
        venv.ensure(self.layout, "dev", self.steps)
        with self._throwaway_database("check-postgres") as url:
            made = Checks(self.layout, self.output, self.stop, url).generate_openapi()
        if made.returncode != 0:
            self.output.say(made.stderr.rstrip())
            return 1
        document = self.layout.root / OPENAPI
        document.parent.mkdir(exist_ok=True)
        document.write_text(made.stdout, encoding="utf-8")
        return 0

    def static(self) -> int:
        """Collect the static files for production, without a database or a secret: for building an image."""
        variables = production_like_environment(self.layout, database_url="postgres://nobody@127.0.0.1:1/none")
        return self._manage_with(variables, ["collectstatic", "--noinput", "--verbosity=0"])

    def format(self) -> int:
        """Let ruff format the code and repair what it can."""
        venv.ensure(self.layout, "dev", self.steps)
        ruff = [str(self.layout.python), "-m", "ruff"]
        repaired = self.steps.foreground([*ruff, "check", "--fix", "."], env=os.environ)
        return self.steps.foreground([*ruff, "format", "."], env=os.environ) or repaired

    def lock(self, *arguments: str) -> int:
        """Pin requirements/*.in into *.txt, with hashes and without any index address."""
        compile_one = [*self._uv(), "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"]
        compile_one += ["--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url"]
        compile_one += ["--no-emit-find-links", *arguments]
        for name, within in (("base", None), ("local", "base"), ("dev", "local")):
            constraint = ["-c", f"requirements/{within}.txt"] if within else []
            files = [f"requirements/{name}.in", "-o", f"requirements/{name}.txt"]
            if code := self.steps.foreground([*compile_one, *constraint, *files], env=os.environ):
                return code
        return 0

    def clean(self) -> int:
        """Stop what runs here and remove all that was made: data, virtual environment, caches."""
        if pid := holder(self.layout.lock):
            self.output.say(f"Stopping process {pid} ...")
            processes.stop(Process("run", pid, birth(pid) or ""), seconds=60)
        processes.stop_leftovers(self.layout.processes)
        for home in self.layout.state.glob("*postgres"):
            postgres.stop_leftover(home / "data")
        for name in LEFTOVERS:
            path = self.layout.root / name
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        for folder in self.layout.root.rglob("__pycache__"):
            shutil.rmtree(folder, ignore_errors=True)
        return 0

    def _uv(self) -> list[str]:
        if found := shutil.which("uv"):
            return [found]
        tools = self.layout.state / "uv"
        if not (tools / "bin" / "uv").exists():
            self.steps.run(
                "Virtual environment for uv", [sys.executable, "-m", "venv", str(tools)], log=self.layout.log("uv")
            )
            install = [str(tools / "bin" / "python"), "-m", "pip", "install", "uv"]
            self.steps.run("uv", install, log=self.layout.log("uv"))
        return [str(tools / "bin" / "uv")]

    def _running(self) -> dict[str, str]:
        variables = read_json(self.layout.environment)
        if holder(self.layout.lock) is None or not variables:
            raise Failure("nothing runs here (or it is still starting): `make run` in another shell first")
        return variables

    def _manage_with(self, variables: dict[str, str], arguments: Sequence[str]) -> int:
        command = [str(self.layout.python), "manage.py", *arguments]
        return self.steps.foreground(command, env=product_environment(variables))

    @contextmanager
    def _throwaway_database(self, name: str) -> Iterator[str]:
        if url := os.environ.get("TEST_DATABASE_URL"):
            database.check(self.layout, url, variable="TEST_DATABASE_URL")
            yield url
            return
        with exclusive(self.layout.state / f"{name}.lock", f"{name} is in use: the same command already runs here"):
            cluster = postgres.throwaway(self.layout, name)
            cluster.prepare()
            server = cluster.start(self.output, self.stop)
            try:
                database.check(self.layout, cluster.url(), create=True)
                yield cluster.url()
            finally:
                server.stop()
                server.wait(10)
                server.finish()
                cluster.discard()


def main(arguments: Sequence[str]) -> int:
    commands = Commands()
    known: dict[str, Callable[..., int]] = {
        name: getattr(commands, name) for name in vars(Commands) if not name.startswith("_")
    }
    name, given = (arguments or ["help"])[0], arguments[1:]
    if name not in known or not accepts(known[name], given):
        for other, command in known.items():
            commands.output.say(f"{other:<10}{(command.__doc__ or '').strip()}")
        return 0 if name == "help" else 2
    commands.stop.install()
    stop_with_make()
    try:
        return known[name](*given)
    except Stopped:
        return 130
    except Failure as failure:
        reason = str(failure)
    except PermissionError as error:
        reason = f"no permission for {error.filename}: does it belong to another user, who ran this here before?"
    except OSError as error:
        reason = str(error)
    if commands.stop.asked:
        return 130  # what failed was only what Ctrl-C interrupted
    print(f"{name}: {reason}", file=sys.stderr)
    return 1


def stop_with_make() -> None:
    """Take the death of the `make` that started us for a request to stop; it may be killed without a word to us."""
    program = command_line(os.getppid()).partition(" ")[0].rpartition("/")[2]
    if program in {"make", "gmake"}:
        child.die_with(os.getppid(), signal.SIGTERM)


def accepts(command: Callable[..., int], arguments: Sequence[str]) -> bool:
    try:
        inspect.signature(command).bind(*arguments)
    except TypeError:
        return False
    return True
