"""Forms of the catalog's admin, by what they are about."""
