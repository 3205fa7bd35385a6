"""Draws in processes of its own: imports nothing that needs Django or a database."""

from config.demo.catalog import CONTAINERS
from config.demo.pictures import as_webp, draw


def paint(sku: str) -> bytes:
    """The picture of one variant, as a WebP file."""
    for container in CONTAINERS:
        for variant in container.variants:
            if variant.sku == sku:
                return as_webp(draw(container, variant))
    raise LookupError(sku)
