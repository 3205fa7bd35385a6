"""A stand-in for InvenTree: answers the calls that this shop makes as an InvenTree of API version 530 answered them.

    python -m sandbox.inventree --port 8030 --token inv-test-token [--no-worker]

Oddities are kept on purpose, since they are what an adapter must get right: a cancel that always says 201, pieces that
are removed beyond zero without a word, shipping that goes on after the answer, allocations that leave no trace. State
lives in memory. For the demo and the tests only.
"""
