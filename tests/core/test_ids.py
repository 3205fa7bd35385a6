"""Public ids: nobody can guess or count them."""

import time

from core.ids import new_id


def test_an_id_is_a_uuid_of_version_seven() -> None:
    found = new_id()

    assert (found.version, found.variant) == (7, "specified in RFC 4122")


def test_ids_are_in_the_order_in_which_they_were_made() -> None:
    made = []
    for _ in range(20):
        made.append(new_id())
        time.sleep(0.001)

    assert made == sorted(made)


def test_an_id_begins_with_the_millisecond_it_was_made_in() -> None:
    before = int(time.time() * 1000)
    milliseconds = new_id().int >> 80

    assert before <= milliseconds <= int(time.time() * 1000)


def test_ids_are_never_made_twice() -> None:
    assert len({new_id() for _ in range(10_000)}) == 10_000
