"""Draws in processes of its own: imports nothing that needs Django or a database."""

from config.demo.catalog import BUNDLES, CONTAINERS
from config.demo.pictures import as_webp, draw

SHOWN = (*CONTAINERS, *(bundle.container for bundle in BUNDLES))  # a bundle is drawn as what leads it


def paint(sku: str) -> bytes:
    """The picture of one variant, as a WebP file."""
    for container in SHOWN:
        for variant in container.variants:
            if variant.sku == sku:
                return as_webp(draw(container, variant))
    raise LookupError(sku)
