"""`python -m sandbox.inventree`, as a process of its own."""

import json
import signal
import subprocess
import sys
import urllib.request

import pytest

COMMAND = [sys.executable, "-m", "sandbox.inventree", "--port", "0"]


def test_it_says_when_it_is_ready_serves_its_depots_and_ends_cleanly():
    process = subprocess.Popen([*COMMAND, "--depot", "AMS"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout:
        url = process.stdout.readline().rpartition(" ")[2].strip()
        headers = {"Authorization": "Token inv-test-token"}
        with urllib.request.urlopen(urllib.request.Request(f"{url}/api/stock/location/", headers=headers)) as answer:
            assert [row["name"] for row in json.load(answer)] == ["AMS"]
        lever = urllib.request.Request(f"{url}/_sandbox/faults", b'{"down": true}', method="PUT")
        with urllib.request.urlopen(lever) as answer:
            assert json.load(answer)["down"] is True
        process.send_signal(signal.SIGTERM)

        assert process.wait(timeout=5) == 0


@pytest.mark.parametrize(
    "variables", [{"DJANGO_SETTINGS_MODULE": "config.settings.production"}, {"STRIPE_SECRET_KEY": "sk_live_x"}]
)
def test_it_does_not_start_beside_production(variables: dict[str, str]):
    ended = subprocess.run(COMMAND, env=variables, capture_output=True, text=True, timeout=20, check=False)

    assert ended.returncode == 2
    assert ended.stderr.startswith("sandbox inventree does not start: ")
