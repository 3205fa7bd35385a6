"""Order numbers: nobody can guess or count them, and everybody can read them aloud."""

import re

from orders.numbers import new_order_number


def test_an_order_number_can_be_read_aloud() -> None:
    for _ in range(200):
        assert re.fullmatch(r"CT(-[0-9A-HJKMNP-TV-Z]{4}){3}", new_order_number())


def test_order_numbers_use_every_symbol_in_every_place() -> None:
    numbers = [new_order_number().replace("-", "")[2:] for _ in range(3_000)]

    assert len(set(numbers)) == 3_000
    assert all(len({number[place] for number in numbers}) == 32 for place in range(12))
