"""A page to look at: what is on the shelves and who holds it. One self-contained document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from sandbox.faults import Faults
from sandbox.http import Response
from sandbox.inventory.db import Row
from sandbox.inventory.rules import instant
from sandbox.inventory.store import Store

SHOWN = 300
STYLE = """
:root { color-scheme: light dark; --ink: #1d2733; --soft: #66758a; --line: #dfe5ec; --card: #fff; --back: #f3f6f9;
  --good: #1f7a4d; --warn: #a05a00; --bad: #a3243b }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #93a1b3; --line: #2b3644; --card: #18212c;
  --back: #10161d; --good: #5fd39a; --warn: #f0b35a; --bad: #ff8095 } }
* { box-sizing: border-box } body { margin: 0; font: 15px/1.5 system-ui, sans-serif; color: var(--ink);
  background: var(--back) }
main { max-width: 1160px; margin: 0 auto; padding: 28px 20px 60px } h1 { font-size: 22px; margin: 0 }
p { color: var(--soft); margin: 2px 0 22px } h2 { font-size: 15px; margin: 26px 0 8px }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; overflow-x: auto }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: 7px 12px; white-space: nowrap }
th { font-size: 12px; color: var(--soft); font-weight: 600; border-bottom: 1px solid var(--line) }
tr + tr td { border-top: 1px solid var(--line) } td.n, th.n { text-align: right; font-variant-numeric: tabular-nums }
.tag { font-size: 12px; padding: 1px 8px; border-radius: 9px; border: 1px solid currentcolor; color: var(--soft) }
.available, .confirmed { color: var(--good) } .out, .checked_out, .held, .cleaning { color: var(--warn) }
.maintenance, .lost, .sold, .retired { color: var(--bad) } .none { padding: 14px; color: var(--soft) }
code { font-size: 12px } .alarm { color: var(--bad); font-weight: 600 }
"""


def render(store: Store, faults: Faults) -> Response:
    levels, _ = store.levels([], None, SHOWN)
    units, _ = store.units(None, None, None, SHOWN)
    live, _ = store.live(None, SHOWN)
    return Response.html(
        "<!doctype html><html lang=en><meta charset=utf-8><meta http-equiv=refresh content=5>"
        "<meta name=viewport content='width=device-width'><title>Inventory stand-in</title>"
        f"<style>{STYLE}</style><main><h1>Inventory stand-in</h1>"
        "<p>Plays the warehouse system for the demo. Faults and staff controls: <code>/_sandbox/</code>."
        f"{_alarm(faults)}</p>"
        f"<h2>For sale</h2>{_table(['SKU', 'Depot', '#On hand', '#Claimed elsewhere', 'As of'], map(_level, levels))}"
        f"<h2>Reservations alive</h2>{_table(['Key', 'State', 'Lines', 'Window', 'Units out'], map(_live, live))}"
        f"<h2>Units for rent</h2>{_table(['Serial', 'SKU', 'Depot', 'Condition', 'Status'], map(_unit, units))}"
        "</main></html>"
    )


def _alarm(faults: Faults) -> str:
    state = faults.as_json()
    active = [f"{name}: {value}" for name, value in state.items() if value and value != "normal"]
    return f" <span class=alarm>Faults on: {escape('; '.join(active))}</span>" if active else ""


def _table(heads: Sequence[str], rows: Iterable[str]) -> str:
    body = "".join(rows)
    if not body:
        return "<section><div class=none>Nothing here.</div></section>"
    cells = "".join(f"<th{' class=n' if head[0] == '#' else ''}>{escape(head.lstrip('#'))}</th>" for head in heads)
    return f"<section><table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table></section>"


def _row(*cells: str) -> str:
    return f"<tr>{''.join(cells)}</tr>"


def _cell(value: object) -> str:
    return f"<td>{escape(str(value))}</td>"


def _number(value: int) -> str:
    return f"<td class=n>{value}</td>"


def _tag(value: str) -> str:
    return f"<td><span class='tag {escape(value)}'>{escape(value.replace('_', ' '))}</span></td>"


def _level(row: Row) -> str:
    counts = (_number(row["on_hand"]), _number(row["reserved_elsewhere"]))
    return _row(_cell(row["sku"]), _cell(row["depot"]), *counts, _cell(instant(row["as_of"])[:19] + "Z"))


def _unit(row: Row) -> str:
    return _row(*map(_cell, (row["serial"], row["sku"], row["depot"], row["condition"])), _tag(row["status"]))


def _live(found: Mapping[str, Any]) -> str:
    lines = ", ".join(
        f"{line['quantity']} x {line['sku']} @ {line['depot']} ({line['kind']})" for line in found["lines"]
    )
    days = found["window"]
    window = f"{days['start_on']} to {days['ends_before']}" if days else ""
    return _row(
        f"<td><code>{escape(found['id'])}</code></td>",
        _tag(found["state"]),
        _cell(lines),
        _cell(window),
        _cell(", ".join(found["serials_out"])),
    )
