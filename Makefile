# Needs make and Python 3.11 or newer; everything else is set up by the first command that wants it.
# Another Python: make PYTHON=python3.12 run. The work is done in deploy/local/.

PYTHON ?= python3
LOCAL = $(PYTHON) -m deploy.local

.DEFAULT_GOAL := help
.PHONY: help run demo test check bench chaos format openapi lock shell manage clean

help:  ## list the commands
	@sed -n 's/^\([a-z]*\):  ## /  make \1|/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-16s%s\n", $$1, $$2 }'

run:  ## start everything and serve until Ctrl-C (PORT=, STRIPE_PORT=, INVENTORY_PORT=, DATABASE_URL=)
	@$(LOCAL) run

demo:  ## walk the whole journey on what `make run` serves, from a second shell
	@$(LOCAL) demo $(ARGS)

test:  ## run all tests (ARGS="-k orders"; TEST_DATABASE_URL=)
	@$(LOCAL) test $(ARGS)

check:  ## linters, types, import contracts, migrations, settings, OpenAPI, known vulnerabilities
	@$(LOCAL) check

bench:  ## measure what the API serves, and what stock costs with a million reservations (TEST_DATABASE_URL=, ARGS=--quick)
	@$(LOCAL) bench $(ARGS)

chaos:  ## ten minutes of customers while everything fails, then a check of every promise (SECONDS=, SEED=; TEST_DATABASE_URL=)
	@$(LOCAL) chaos $(if $(SECONDS),--seconds=$(SECONDS)) $(if $(SEED),--seed=$(SEED)) $(ARGS)

format:  ## format the code
	@$(LOCAL) format

openapi:  ## write docs/openapi.yaml from the code
	@$(LOCAL) openapi

lock:  ## pin the requirements anew (ARGS=--upgrade)
	@$(LOCAL) lock $(ARGS)

shell:  ## a Django shell on what `make run` serves
	@$(LOCAL) manage shell

manage:  ## any management command on what `make run` serves (ARGS="reconcile_inventory")
	@$(LOCAL) manage $(ARGS)

clean:  ## stop what runs here, remove data, .venv and caches
	@$(LOCAL) clean
