"""What the gateway tells us that nobody needs to read: keys with which a phone could act for its customer."""

from typing import Any

LEFT_OUT = "(left out)"


def without_secrets(told: Any) -> Any:
    """The same, at every depth, with the values of `client_secret` and its like replaced."""
    if isinstance(told, dict):
        return {name: LEFT_OUT if _is_secret(name, value) else without_secrets(value) for name, value in told.items()}
    return [without_secrets(part) for part in told] if isinstance(told, list) else told


def _is_secret(name: str, value: Any) -> bool:
    return isinstance(value, str) and str(name).endswith("secret")
