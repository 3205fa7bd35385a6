"""The product with its one lock taken out: what the race tests must be able to see."""

from config.wsgi import application
from inventory.services import holds

holds.lock_pools = lambda pools: None

__all__ = ["application"]
