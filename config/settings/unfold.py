"""The look and the map of the staff pages."""

from typing import Any

from django.templatetags.static import static


def _logo(_request: Any) -> str:
    return static("config/logo.svg")


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Cat Travel Logistics",
    "SITE_HEADER": "Cat Travel Logistics",
    "SITE_SUBHEADER": "Containers for rent and for sale",
    "SITE_URL": "/api/docs/",
    "SITE_ICON": _logo,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda _request: static("config/favicon.svg")}],
    "STYLES": [lambda _request: static("core/backoffice.css")],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "BORDER_RADIUS": "8px",
    "ENVIRONMENT": "config.navigation.environment",
    "DASHBOARD_CALLBACK": "config.dashboard.overview",
    "SIDEBAR": {"show_search": True, "show_all_applications": False, "navigation": "config.navigation.sidebar"},
    "COLORS": {
        "primary": {  # the teal of the logo's shell
            "50": "oklch(97.6% .014 196)",
            "100": "oklch(94.4% .030 196)",
            "200": "oklch(89.0% .054 196)",
            "300": "oklch(81.5% .082 196)",
            "400": "oklch(71.0% .100 196)",
            "500": "oklch(60.5% .098 196)",
            "600": "oklch(51.5% .086 197)",
            "700": "oklch(44.5% .073 199)",
            "800": "oklch(38.5% .060 201)",
            "900": "oklch(33.5% .050 203)",
            "950": "oklch(25.0% .038 205)",
        }
    },
}

# Spreadsheets: a cell that begins like a formula is written as text.
IMPORT_EXPORT_ESCAPE_FORMULAE_ON_EXPORT = True
IMPORT_EXPORT_USE_TRANSACTIONS = True

# Who acts in a history without being a person.
BACKOFFICE_ACTORS = {
    "clock": "Automatic",
    "provider": "Gateway or warehouse",
    "job": "Every night",
    "command": "Command line",
    "watch": "Every five minutes",
}
