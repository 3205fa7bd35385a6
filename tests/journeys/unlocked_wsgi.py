"""The product with its one lock taken out, on the same slow machine. What the race tests must be able to see."""

from tests.journeys.slow_wsgi import application, holds

holds.lock_pools = lambda pools: None

__all__ = ["application"]
