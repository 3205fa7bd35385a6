"""Everything behind the Makefile: one machine, one checkout, no other service."""
