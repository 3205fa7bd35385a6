import pytest
import stripe

from tests.sandbox.stripe_world import World


def test_a_list_is_newest_first_in_pages():
    world = World()
    made = [world.intent(1000 + n).id for n in range(5)]

    first = world.server.payment_intents.list({"limit": 2})
    second = world.server.payment_intents.list({"limit": 2, "starting_after": first.data[-1].id})
    back = world.server.payment_intents.list({"limit": 1, "ending_before": second.data[0].id})

    assert ([one.id for one in first.data], first.has_more) == (made[:2:-1], True)
    assert [one.id for one in second.data] == [made[2], made[1]]
    assert ([one.id for one in back.data], back.has_more) == ([made[3]], True)
    assert first.url == "/v1/payment_intents"


def test_the_sdk_pages_through_everything():
    world = World()
    made = [world.customer() for _ in range(12)]

    assert [one.id for one in world.server.customers.list({"limit": 5}).auto_paging_iter()] == made[::-1]


def test_a_list_may_be_limited_to_a_time():
    world = World()
    old = world.intent().id
    world.clock.now += 100
    new = world.intent().id

    later = world.server.payment_intents.list({"created": {"gte": int(world.clock.now)}})
    before = world.server.payment_intents.list({"created": {"lt": int(world.clock.now)}})
    exactly = world.server.payment_intents.list({"created": int(world.clock.now)})

    assert [[one.id for one in found] for found in (later, before, exactly)] == [[new], [old], [new]]


def test_a_list_may_be_limited_to_a_customer_or_a_payment():
    world = World()
    customer, method = world.saved_card()
    own = world.paid(customer=customer, token=method)
    other = world.paid()

    assert [one.id for one in world.server.payment_intents.list({"customer": customer})] == [own.id]
    assert [one.id for one in world.server.charges.list({"customer": customer})] == [own.latest_charge]
    assert [one.id for one in world.server.charges.list({"payment_intent": other.id})] == [other.latest_charge]


@pytest.mark.parametrize("limit", [0, 101])
def test_a_page_has_1_to_100_members(limit):
    world = World()

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        world.server.payment_intents.list({"limit": limit})

    assert (refusal.value.code, refusal.value.param) == ("parameter_invalid_integer", "limit")


def test_an_unknown_cursor_is_refused():
    world = World()

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        world.server.payment_intents.list({"starting_after": "pi_unknown"})

    assert (refusal.value.code, refusal.value.param) == ("resource_missing", "starting_after")


def test_ids_in_a_list_can_be_expanded():
    world = World()
    customer, method = world.saved_card()
    world.paid(customer=customer, token=method)

    (intent,) = world.server.payment_intents.list({"expand": ["data.customer", "data.latest_charge"]}).data

    assert intent.customer.email == "mia@example.com"
    assert intent.latest_charge.captured


def test_an_empty_field_expands_to_nothing():
    world = World()

    intent = world.server.payment_intents.retrieve(world.intent().id, {"expand": ["latest_charge", "customer"]})

    assert (intent.latest_charge, intent.customer) == (None, None)


@pytest.mark.parametrize("path", ["amount", "id", "nothing", "metadata.order", "customer.email", "a.b.c.d.e"])
def test_what_names_no_object_cannot_be_expanded(path):
    world = World()
    intent = world.intent(customer=world.customer())

    with pytest.raises(stripe.InvalidRequestError, match="expand"):
        world.server.payment_intents.retrieve(intent.id, {"expand": [path]})
