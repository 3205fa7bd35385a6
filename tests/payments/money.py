"""What the gateway has of this shop's customers."""

from tests.shop import Shop


def kept_at_gateway(shop: Shop) -> int:
    """Captured and not refunded, in cents."""
    totals = shop.gateway.totals().get("eur", {"captured": 0, "refunded": 0})
    return int(totals["captured"]) - int(totals["refunded"])
