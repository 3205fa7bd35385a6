"""The demo shop: what `make run` fills an empty database with, and the pictures of it."""
