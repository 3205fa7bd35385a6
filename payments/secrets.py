"""What the gateway tells us that nobody needs to read: keys with which a phone could act for its customer, and what
customers typed about themselves on its payment page."""

from typing import Any

LEFT_OUT = "(left out)"
_ABOUT_PEOPLE = (
    *("customer_details", "customer_email", "collected_information"),
    *("billing_details", "receipt_email", "shipping", "evidence", "name", "email", "phone", "address"),
)


def without_secrets(told: Any) -> Any:
    """The same, at every depth, with the values of `client_secret` and its like, and of people's data, replaced."""
    if isinstance(told, dict):
        return {name: LEFT_OUT if _is_secret(name, value) else without_secrets(value) for name, value in told.items()}
    return [without_secrets(part) for part in told] if isinstance(told, list) else told


def _is_secret(name: str, value: Any) -> bool:
    if name in _ABOUT_PEOPLE:
        return value is not None
    return isinstance(value, str) and str(name).endswith("secret")
