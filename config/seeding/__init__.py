"""Fills an empty shop with the demo of `config.demo`. Rows that are there already are left as they are."""
