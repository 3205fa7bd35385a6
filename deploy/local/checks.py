"""`make check`: everything that can be said about the code without running its tests."""

import difflib
import json
import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from deploy.local.children import bound
from deploy.local.layout import Layout
from deploy.local.output import Output
from deploy.local.settings import product_environment, production_like_environment
from deploy.local.stopping import StopRequest

OPENAPI = "docs/openapi.yaml"
SHOWN_LINES = 60


@dataclass(frozen=True)
class Finding:
    """What a check said. A note is printed, but fails nothing."""

    passed: bool
    text: str = ""
    note: str = ""


@dataclass
class Checks:
    layout: Layout
    output: Output
    stop: StopRequest
    database_url: str

    def run(self) -> int:
        """Run every check, also after one has failed. Returns how many failed."""
        failed = [name for name, check in self._all() if not self._report(name, check)]
        self.output.say(f"{len(failed)} failed: {', '.join(failed)}" if failed else "All checks passed.")
        return len(failed)

    def _all(self) -> Sequence[tuple[str, Callable[[], Finding]]]:
        python, test = str(self.layout.python), self._test_environment()
        production = product_environment(production_like_environment(self.layout, database_url=self.database_url))
        return (
            ("ruff check", lambda: self._passes([python, "-m", "ruff", "check", "--output-format", "concise", "."])),
            ("ruff format", lambda: self._passes([python, "-m", "ruff", "format", "--check", "."])),
            ("mypy", lambda: self._passes([python, "-m", "mypy", "."], test)),
            ("import contracts", lambda: self._passes([str(self.layout.venv / "bin" / "lint-imports")], test)),
            ("migrations", lambda: self._passes([python, "manage.py", "makemigrations", "--check", "--dry-run"], test)),
            (
                "deploy settings",
                lambda: self._passes([python, "manage.py", "check", "--deploy", "--fail-level", "WARNING"], production),
            ),
            ("OpenAPI document", self._openapi),
            ("known vulnerabilities", self._audit),
        )

    def _test_environment(self) -> dict[str, str]:
        return product_environment(
            {"DJANGO_SETTINGS_MODULE": "config.settings.test", "DATABASE_URL": self.database_url}
        )

    def _report(self, name: str, check: Callable[[], Finding]) -> bool:
        self.stop.check()
        began = time.monotonic()
        finding = check()
        self.stop.check()
        verdict = "ok    " if finding.passed else "FAILED"
        self.output.say(f"{verdict} {name} ({time.monotonic() - began:.1f} s){finding.note and f': {finding.note}'}")
        if not finding.passed:
            self.output.say(finding.text)
        return finding.passed

    def _ask(self, command: Sequence[str], env: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
        whole = dict(env) if env is not None else dict(os.environ)
        return subprocess.run(
            bound(command), env=whole, cwd=self.layout.root, capture_output=True, text=True, check=False
        )

    def _passes(self, command: Sequence[str], env: Mapping[str, str] | None = None) -> Finding:
        asked = self._ask(command, env)
        return Finding(asked.returncode == 0, f"{asked.stdout}{asked.stderr}".rstrip())

    def generate_openapi(self) -> "subprocess.CompletedProcess[str]":
        command = [str(self.layout.python), "manage.py", "spectacular", "--validate", "--fail-on-warn"]
        return self._ask(command, self._test_environment())

    def _openapi(self) -> Finding:
        made = self.generate_openapi()
        if made.returncode != 0:
            return Finding(False, made.stderr.rstrip())
        kept = self.layout.root / OPENAPI
        before = kept.read_text(encoding="utf-8") if kept.exists() else ""
        changes = list(
            difflib.unified_diff(before.splitlines(), made.stdout.splitlines(), OPENAPI, "the code", lineterm="", n=2)
        )
        if not changes:
            return Finding(True)
        shown = [*changes[:SHOWN_LINES], *(["..."] if len(changes) > SHOWN_LINES else [])]
        return Finding(False, "\n".join([*shown, f"{OPENAPI} does not say what the code does: make openapi"]))

    def _audit(self) -> Finding:
        """A known vulnerability fails; a database of vulnerabilities that cannot be reached does not."""
        lock = "requirements/dev.txt"
        command = [str(self.layout.python), "-m", "pip_audit", "--disable-pip", "--require-hashes", "-r", lock]
        asked = self._ask([*command, "--format", "json", "--progress-spinner", "off", "--timeout", "10"])
        try:
            audited = json.loads(asked.stdout)["dependencies"]
        except (ValueError, KeyError, TypeError):
            why = (asked.stderr.strip().splitlines() or ["no answer"])[-1][:160]
            return Finding(True, note=f"not asked, the database of vulnerabilities cannot be reached ({why})")
        found = [
            f"{one['name']} {one['version']}: {bug['id']}, fixed in {', '.join(bug['fix_versions']) or 'none yet'}"
            for one in audited
            for bug in one.get("vulns", ())
        ]
        return Finding(not found, "\n".join(found), note=f"{len(audited)} packages")
