"""A stand-in for an inventory management system: serves `docs/inventory-provider.openapi.yaml` from real stock.

    python -m sandbox.inventory --port 8020 --state .run/inventory.sqlite3 --token T --push-url URL --push-secret S

It keeps levels, serialised units, reservations and a change feed, survives `kill -9`, and never oversells itself.
What goes wrong in real life is switched on under `/_sandbox/` (see `server.py`). For the demo and the tests only.
"""
