"""How postal codes are written, country by country; a country that is not here is not checked.

Source: the postal authorities' formats as the Universal Postal Union lists them (upu.int, addressing solutions).
"""

import re

_FOUR, _FIVE, _THREE_TWO = r"[0-9]{4}", r"[0-9]{5}", r"[0-9]{3} ?[0-9]{2}"

_FORMATS: dict[str, tuple[str, str]] = {
    **dict.fromkeys(["AT", "BE", "BG", "CH", "CY", "DK", "HU", "LI", "LU", "NO", "SI"], (_FOUR, "1010")),
    **dict.fromkeys(["DE", "EE", "ES", "FI", "FR", "HR", "IT"], (_FIVE, "10115")),
    **dict.fromkeys(["CZ", "GR", "SE", "SK"], (_THREE_TWO, "110 00")),
    "GB": (r"(GIR ?0AA|[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2})", "SW1A 1AA"),
    "IE": (r"[A-Z][0-9][0-9W] ?[A-Z0-9]{4}", "D02 AF30"),
    "LT": (r"(LT-)?[0-9]{5}", "LT-01100"),
    "LV": (r"(LV-)?[0-9]{4}", "LV-1010"),
    "MT": (r"[A-Z]{3} ?[0-9]{4}", "VLT 1117"),
    "NL": (r"[1-9][0-9]{3} ?[A-Z]{2}", "1012 JS"),
    "PL": (r"[0-9]{2}-[0-9]{3}", "00-001"),
    "PT": (r"[0-9]{4}-[0-9]{3}", "1000-001"),
    "RO": (r"[0-9]{6}", "010011"),
    "US": (r"[0-9]{5}(-[0-9]{4})?", "10001"),
}


def wrong_postal_code(code: str, country: str) -> str:
    """Why this is no postal code of this country; "" when it may be one. Whatever the case it is written in."""
    pattern, example = _FORMATS.get(country, ("", ""))
    if not pattern or re.fullmatch(pattern, code.strip().upper()):
        return ""
    return f"A postal code of {country} is written such as {example}."
