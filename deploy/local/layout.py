from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Layout:
    """Where a checkout keeps what is made on this machine. Nothing is ever written outside `root`."""

    root: Path

    @property
    def state(self) -> Path:
        return self.root / ".run"

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def mails(self) -> Path:
        return self.state / "mails"

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        return self.venv / "bin" / "python"

    @property
    def requirements(self) -> Path:
        return self.root / "requirements"

    @property
    def lock(self) -> Path:
        return self.state / "run.lock"

    @property
    def environment(self) -> Path:
        return self.state / "env.json"

    @property
    def secrets(self) -> Path:
        return self.state / "secrets.json"

    @property
    def processes(self) -> Path:
        return self.state / "processes.json"

    def log(self, name: str) -> Path:
        self.logs.mkdir(parents=True, exist_ok=True)
        return self.logs / f"{name}.log"


def shown(path: Path) -> str:
    """A path as one would type it here."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


HERE = Layout(Path(__file__).resolve().parents[2])
