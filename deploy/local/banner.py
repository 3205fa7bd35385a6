from collections.abc import Mapping

from deploy.local.layout import Layout, shown
from deploy.local.settings import Ports

DEMO_PASSWORD = "cat-travel-demo"  # of everybody whom `manage.py seed_demo` makes; it is no secret
DEMO_LOGINS = (
    ("mia@example.com", "a customer with three cats, for the API"),
    ("clerk@example.com", "hands over and takes back"),
    ("catalog@example.com", "edits containers and prices"),
    ("refunds@example.com", "gives money back"),
    ("approvals@example.com", "decides about claims, large refunds and disputes"),
    ("auditor@example.com", "sees everything, changes nothing"),
    ("admin@example.com", "may do everything"),
)
WIDTH = 78


def banner(ports: Ports, variables: Mapping[str, str], layout: Layout, *, seconds: float) -> str:
    """What one needs to know to use what has just been started."""
    addresses = (
        ("API and its docs", f"{ports.public_url}/api/docs/"),
        ("Admin", f"{ports.public_url}/admin/"),
        ("Sandbox: payments", variables["STRIPE_API_BASE"]),
        ("Sandbox: inventory", variables["INVENTORY_URL"]),
    )
    lines = ["", "=" * WIDTH, f"  Cat travel is running (ready after {seconds:.0f} s)", ""]
    lines += [f"  {name:<20}{address}" for name, address in addresses]
    lines += ["", f"  Demo logins, password {DEMO_PASSWORD}"]
    lines += [f"  {login:<22}{role}" for login, role in DEMO_LOGINS]
    lines += ["", "  The whole journey, step by step, from a second shell:   make demo"]
    lines += [f"  Only warnings show here; all logs are in {shown(layout.logs)}/."]
    lines += ["  Ctrl-C stops everything; the data stay.", "=" * WIDTH, ""]
    return "\n".join(lines)
