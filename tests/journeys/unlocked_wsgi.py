"""The product with its one lock taken out, on the same slow machine. What the race tests must be able to see."""

from tests.journeys.slow_wsgi import application, holds, pause

holds.lock_pools = lambda pools: None
pause["seconds"] = 0.5  # nobody waits for anybody here, so that the race happens on a busy machine too

__all__ = ["application"]
