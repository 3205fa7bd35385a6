"""The stand-in inventory system: its staff controls, its manners on the wire, its page."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from typing import Any
from uuid import uuid4

import pytest

from sandbox.http import Request, Response, Server
from sandbox.inventory.server import Sandbox, running

Answer = tuple[int, Any]


@pytest.fixture
def ims() -> Iterator[Sandbox]:
    with running() as stand_in:
        yield stand_in


def connect(ims: Sandbox) -> HTTPConnection:
    return HTTPConnection("127.0.0.1", ims.server.server_port, timeout=5)


def call(ims: Sandbox, method: str, path: str, body: object = None, *, headers: dict[str, str] | None = None) -> Answer:
    connection = connect(ims)
    try:
        sent = {"Authorization": f"Bearer {ims.token}"} if headers is None else headers
        connection.request(method, path, None if body is None else json.dumps(body), sent)
        response = connection.getresponse()
        text = response.read()
        is_json = "json" in response.headers["Content-Type"]
        return response.status, json.loads(text) if is_json else text.decode()
    finally:
        connection.close()


def control(ims: Sandbox, name: str, body: object = None, *, method: str = "POST") -> Answer:
    return call(ims, method, f"/_sandbox/{name}", body, headers={})


PIECES = {"sku": "BAG", "depot": "AMS"}


def hold(ims: Sandbox, quantity: int = 1, **line: object) -> Answer:
    lines = [{**PIECES, "quantity": quantity, "kind": "sale", **line}]
    return call(ims, "PUT", f"/reservations/{uuid4()}", {"lines": lines})


# Controls


def test_goods_arrive_and_are_sold_over_the_counter(ims: Sandbox):
    assert control(ims, "receive", {**PIECES, "quantity": 5})[1]["on_hand"] == 5
    assert control(ims, "receive", {**PIECES, "quantity": 2})[1]["on_hand"] == 7
    assert control(ims, "sell", {**PIECES, "quantity": 3})[1]["on_hand"] == 4


def test_a_walk_in_customer_cannot_buy_what_is_promised_unless_the_staff_insists(ims: Sandbox):
    control(ims, "receive", {**PIECES, "quantity": 3})
    hold(ims, 2)

    status, problem = control(ims, "sell", {**PIECES, "quantity": 2})
    assert (status, problem["code"], problem["sku"], problem["have"]) == (409, "out_of_stock", "BAG", 1)
    assert control(ims, "sell", {**PIECES, "quantity": 2, "force": True})[1]["on_hand"] == 1
    assert control(ims, "sell", {**PIECES, "quantity": 2, "force": True})[0] == 409


def test_another_channel_claims_pieces_but_not_promised_ones(ims: Sandbox):
    control(ims, "receive", {**PIECES, "quantity": 3})
    hold(ims, 2)

    assert control(ims, "claim", {**PIECES, "quantity": 2})[0] == 409
    assert control(ims, "claim", {**PIECES, "quantity": 1})[1]["reserved_elsewhere"] == 1
    assert hold(ims)[0] == 409
    assert control(ims, "claim", {**PIECES, "quantity": 0})[1]["reserved_elsewhere"] == 0


def test_units_are_added_broken_repaired_and_moved(ims: Sandbox):
    status, body = control(ims, "units", {"sku": "SKY", "depot": "AMS", "serials": ["U/1", "U 2"], "condition": "B"})
    assert (status, [unit["serial"] for unit in body["units"]]) == (201, ["U/1", "U 2"])
    assert control(ims, "units", {"sku": "SKY", "depot": "AMS", "serials": ["U/1"]})[1]["code"] == "serial_taken"

    broken = control(ims, "units/U%2F1", {"status": "maintenance", "condition": "D"})[1]
    assert (broken["status"], broken["condition"], broken["depot"]) == ("maintenance", "D", "AMS")
    moved = control(ims, "units/U%202", {"depot": "RTM"})[1]
    assert (moved["status"], moved["condition"], moved["depot"]) == ("available", "B", "RTM")
    assert control(ims, "units/none", {"status": "lost"})[0] == 404
    assert control(ims, "units/U%202", {"status": "eaten"})[0] == 422


def test_seeding_puts_in_what_is_missing_and_overwrites_only_when_told(ims: Sandbox):
    seed = {
        "levels": [{**PIECES, "on_hand": 5}],
        "units": [{"serial": "U1", "sku": "SKY", "depot": "AMS", "condition": "B", "status": "cleaning"}],
    }
    assert control(ims, "seed", seed)[1] == {"levels": 1, "units": 1}
    control(ims, "sell", {**PIECES, "quantity": 1})
    control(ims, "units/U1", {"status": "lost"})

    assert control(ims, "seed", seed)[1] == {"levels": 0, "units": 0}
    state = control(ims, "state", method="GET")[1]
    assert (state["levels"][0]["on_hand"], state["units"][0]["status"]) == (4, "lost")

    assert control(ims, "seed", {**seed, "replace": True})[1] == {"levels": 1, "units": 1}
    state = control(ims, "state", method="GET")[1]
    assert (state["levels"][0]["on_hand"], state["units"][0]["status"]) == (5, "cleaning")


def test_a_seed_with_one_bad_row_puts_in_nothing(ims: Sandbox):
    levels = [{**PIECES, "on_hand": 5}, {"sku": "MAT", "depot": "AMS", "on_hand": -1}]

    assert control(ims, "seed", {"levels": levels})[0] == 422
    assert control(ims, "state", method="GET")[1]["levels"] == []


def test_reset_forgets_everything(ims: Sandbox):
    control(ims, "receive", {**PIECES, "quantity": 5})
    hold(ims)
    control(ims, "faults", {"down": True, "latency_ms": 5}, method="PUT")

    assert control(ims, "reset")[0] == 200

    assert control(ims, "state", method="GET")[1] == {"levels": [], "units": [], "reservations": []}
    assert control(ims, "faults", method="GET")[1] == {"latency_ms": 0, "down": False, "push": "normal", "next": []}


def test_time_can_pass_for_the_stand_in_alone(ims: Sandbox):
    control(ims, "receive", {**PIECES, "quantity": 1})
    hold(ims)
    assert hold(ims)[0] == 409

    control(ims, "advance", {"seconds": 1801})

    assert hold(ims)[0] == 201


def test_a_planned_fault_hits_the_calls_it_names_and_no_others(ims: Sandbox):
    control(ims, "receive", {**PIECES, "quantity": 5})
    plan = {"next": [{"match": "PUT /reservations", "kind": "500_before", "times": 2}]}
    assert control(ims, "faults", plan, method="PUT")[1]["next"] == plan["next"]

    assert [call(ims, "GET", "/levels")[0], *(hold(ims)[0] for _ in range(3))] == [200, 500, 500, 201]
    assert control(ims, "faults", method="GET")[1]["next"] == []


@pytest.mark.parametrize(
    "body",
    [{"next": [{"match": "GET", "kind": "fire"}]}, {"next": [{}]}, {"latency_ms": "x"}, {"push": "loud"}, {"no": 1}],
)
def test_a_fault_that_does_not_exist_is_refused_and_changes_nothing(ims: Sandbox, body: dict[str, object]):
    assert control(ims, "faults", {"down": False, **body}, method="PUT")[0] == 422
    assert control(ims, "faults", method="GET")[1] == {"latency_ms": 0, "down": False, "push": "normal", "next": []}


def test_a_silent_fault_does_not_keep_the_stand_in_from_stopping(ims: Sandbox):
    ims.faults.plan("GET /levels", "timeout")
    connection = connect(ims)
    connection.request("GET", "/levels", headers={"Authorization": f"Bearer {ims.token}"})
    time.sleep(0.05)

    started = time.monotonic()
    ims.server.stop()
    connection.close()

    assert time.monotonic() - started < 5


def test_controls_are_for_callers_on_this_machine_that_are_not_a_web_page(ims: Sandbox):
    far = Request("POST", "/_sandbox/reset", {}, {}, b"", client_ip="10.0.0.7")

    assert ims.app.handle(far).status == 403
    assert call(ims, "POST", "/_sandbox/reset", headers={"Origin": "https://evil.example"})[0] == 403
    assert control(ims, "reset", method="GET")[0] == 404
    assert control(ims, "no-such-control")[0] == 404


# On the wire


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic x"}])
def test_the_contract_needs_the_token(ims: Sandbox, headers: dict[str, str]):
    status, problem = call(ims, "GET", "/levels", headers=headers)

    assert (status, problem["code"]) == (401, "unauthorized")


@pytest.mark.parametrize(
    ("method", "path", "body", "pointer"),
    [
        ("PUT", "/reservations/7", {"lines": []}, "id"),
        ("PUT", "/reservations/{key}", {}, "#/lines"),
        ("PUT", "/reservations/{key}", {"lines": []}, "#/lines"),
        ("PUT", "/reservations/{key}", {"lines": [{}]}, "#/lines/0"),
        ("PUT", "/reservations/{key}", {"lines": [{**PIECES, "quantity": True, "kind": 1}]}, "#/lines/0/quantity"),
        ("PUT", "/reservations/{key}", {"lines": [{**PIECES, "quantity": 1, "kind": "gift"}]}, "#/lines/0/kind"),
        ("PUT", "/reservations/{key}", {"lines": [], "note": 1}, "#/note"),
        ("PUT", "/reservations/{key}", [], "#"),
        ("POST", "/reservations/{key}/check-in", {"serials": [], "condition": "A", "depot": "X"}, "#/serials"),
        ("POST", "/reservations/{key}/check-in", {"serials": ["U"], "condition": "E", "depot": 1}, "#/condition"),
        ("GET", "/levels?limit=0", None, "limit"),
        ("GET", "/levels?limit=501", None, "limit"),
        ("GET", "/levels?cursor=%C3%A9", None, "cursor"),
        ("GET", "/units?cursor=bm8", None, "cursor"),
        ("GET", "/levels?" + "sku=A&" * 51, None, "sku"),
    ],
)  # fmt: skip
def test_a_call_that_the_contract_does_not_allow_is_refused_with_its_place(
    ims: Sandbox, method: str, path: str, body: object, pointer: str
):
    status, problem = call(ims, method, path.replace("{key}", str(uuid4())), body)

    assert (status, problem["errors"][0]["pointer"]) == (422, pointer)


@pytest.mark.parametrize(
    "window",
    [{"start_on": "2027-01-02", "end_on": "2027-01-02"}, {"start_on": "2027-01-02", "end_on": "2099-01-02"}, "now", {}],
)
def test_a_window_has_at_least_one_day_and_is_not_endless(ims: Sandbox, window: object):
    lines = [{**PIECES, "quantity": 1, "kind": "rental"}]

    assert call(ims, "PUT", f"/reservations/{uuid4()}", {"lines": lines, "window": window})[0] == 422


def test_rental_lines_need_a_window(ims: Sandbox):
    assert hold(ims, kind="rental")[1]["code"] == "window_required"


def test_a_body_that_is_not_json_and_a_path_that_is_not_there_are_refused(ims: Sandbox):
    bad = Request("PUT", f"/reservations/{uuid4()}", {}, {"Authorization": f"Bearer {ims.token}"}, b"{")

    assert ims.app.handle(bad).status == 400
    assert call(ims, "GET", "/nothing")[1]["code"] == "unknown_path"
    assert call(ims, "DELETE", f"/reservations/{uuid4()}")[1]["code"] == "method_not_allowed"


def test_fifty_kept_connections_at_once_never_oversell(ims: Sandbox):
    control(ims, "receive", {**PIECES, "quantity": 120})
    body = json.dumps({"lines": [{**PIECES, "quantity": 1, "kind": "sale"}]})

    def shopper(_: int) -> list[int]:
        connection, statuses = connect(ims), []
        for _ in range(4):
            connection.request("PUT", f"/reservations/{uuid4()}", body, {"Authorization": f"Bearer {ims.token}"})
            response = connection.getresponse()
            response.read()
            statuses.append(response.status)
        connection.close()
        return statuses

    with ThreadPoolExecutor(50) as pool:
        statuses = [status for each in pool.map(shopper, range(50)) for status in each]

    assert (statuses.count(201), statuses.count(409)) == (120, 80)


# Push


def eventually(condition: Any) -> bool:
    until = time.monotonic() + 3
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.01)
    return False


@pytest.fixture
def shop() -> Iterator[tuple[str, list[Request]]]:
    heard: list[Request] = []
    with Server(lambda request: heard.append(request) or Response(204)) as listener:
        yield listener.url + "/hook?x=1", heard


def test_many_changes_at_once_are_few_pushes(shop: tuple[str, list[Request]]):
    url, heard = shop
    with running(push_url=url) as ims:
        ims.store.seed([{"sku": f"S{n}", "depot": "AMS", "on_hand": 1} for n in range(100)], [])
        assert eventually(lambda: ims.store.announced() == ims.store.latest())

    assert [request.method + " " + request.path for request in heard] == ["POST /hook"]


def test_a_paused_push_comes_later_and_a_dropped_one_never(shop: tuple[str, list[Request]]):
    url, heard = shop
    with running(push_url=url) as ims:
        ims.faults.update({"push": "drop"})
        ims.store.receive("BAG", "AMS", 1)
        assert eventually(lambda: ims.store.announced() == ims.store.latest())
        ims.faults.update({"push": "paused"})
        ims.store.receive("BAG", "AMS", 1)
        time.sleep(0.05)
        assert heard == []

        control(ims, "faults", {"push": "normal"}, method="PUT")

        assert eventually(lambda: len(heard) == 1)


def test_a_push_that_nobody_heard_is_remembered_over_a_restart(shop: tuple[str, list[Request]], tmp_path: Any):
    url, heard = shop
    state = tmp_path / "state.sqlite3"
    with running(state=state, push_url="http://127.0.0.1:9/") as ims:
        ims.store.receive("BAG", "AMS", 1)
        time.sleep(0.05)

    with running(state=state, push_url=url):
        assert eventually(lambda: len(heard) == 1)


# To look at


def test_the_page_shows_levels_units_and_reservations_and_escapes_them(ims: Sandbox):
    ims.store.receive("<b>BAG</b>", "AMS", 7)
    ims.store.add_units("SKY", "AMS", ["U1"], "A")
    hold(ims, 2, sku="<b>BAG</b>")
    ims.faults.update({"latency_ms": 1})

    status, page = call(ims, "GET", "/", headers={})

    assert status == 200
    assert "<b>" not in page
    assert "&lt;b&gt;BAG&lt;/b&gt;" in page
    for text in ("U1", "held", "latency_ms: 1"):
        assert text in page
    assert "http" not in page.replace("http-equiv", "")


def test_an_empty_stand_in_has_a_page_too(ims: Sandbox):
    assert call(ims, "GET", "/", headers={})[1].count("Nothing here.") == 3


# The base it stands on


def test_a_stopped_server_answers_nobody_not_even_on_a_kept_connection():
    with Server(lambda _: Response.json({})) as server:
        connection = HTTPConnection("127.0.0.1", server.server_port, timeout=2)
        connection.request("GET", "/")
        connection.getresponse().read()

    def again() -> None:
        connection.request("GET", "/")
        connection.getresponse()

    with pytest.raises(OSError, match=r"."):
        again()
    connection.close()


def test_a_bug_in_a_stand_in_is_a_500_and_is_printed(capsys: pytest.CaptureFixture[str]):
    def broken(_: Request) -> Response:
        raise KeyError("bug")

    with Server(broken) as server:
        connection = HTTPConnection("127.0.0.1", server.server_port, timeout=2)
        connection.request("GET", "/")
        assert connection.getresponse().status == 500
        connection.close()

    assert "KeyError: 'bug'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("head", "status"),
    [(b"Transfer-Encoding: chunked", 411), (b"Content-Length: x", 413), (b"Content-Length: -1", 413)],
)
def test_a_body_of_no_known_length_is_refused(ims: Sandbox, head: bytes, status: int):
    connection = connect(ims)
    connection.connect()
    connection.sock.sendall(b"POST / HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n\r\n")

    assert connection.sock.recv(100).startswith(b"HTTP/1.1 %d " % status)
    connection.close()
