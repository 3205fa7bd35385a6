"""A bad quarter of an hour: many customers, a clerk, walk-in sales, and everything that can fail failing at random.

`make chaos` runs it for ten minutes, `tests/journeys/test_chaos.py` for half a minute. Afterwards the faults end, the
shop is given time to settle, and nothing may be missing, promised twice, or unexplained (docs/chaos.md).
"""
