# Everything is done by Python; this file finds one and names the commands.
.DEFAULT_GOAL := help
.PHONY: help run test test-sqlite test-postgres check screenshots bench faults python

# The first Python that is new enough; empty when there is none.
PYTHON := $(shell for name in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$name; break; }; done)
VENV_PYTHON := .venv/bin/python
export PORT
CASES ?= 100000
TRIALS ?= 2

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 24

run: python ## the site with demo data on http://127.0.0.1:8000 (PORT=8001 takes another port)
	@$(PYTHON) -m tools.run

test: .dev ## all tests: on SQLite what touches the database, on PostgreSQL the whole suite (ARGS="tests/..." picks)
	@$(VENV_PYTHON) -m tools.test $(ARGS)

test-sqlite: .dev ## the tests on SQLite alone
	@$(VENV_PYTHON) -m tools.test --sqlite $(ARGS)

test-postgres: .dev ## the tests on PostgreSQL alone
	@$(VENV_PYTHON) -m tools.test --postgres $(ARGS)

check: .dev ## style, types, layers, migrations, deployment settings, translations
	@$(VENV_PYTHON) -m tools.check

screenshots: .dev ## take the pictures of the README anew (docs/images) with a Chromium of this machine
	@SCREENSHOTS=1 $(VENV_PYTHON) -m tools.test --postgres tests/browser/test_case_from_register_to_archive.py

bench: .dev ## measure speed with CASES=100000 cases; writes bench.json (DATABASE_URL names the database)
	@$(VENV_PYTHON) -m tools.bench --cases $(CASES)

faults: .dev ## break real servers TRIALS=2 times for each fault (FAULT=F1 picks one); writes faults.json
	@$(VENV_PYTHON) -m tools.faults --trials $(TRIALS) $(if $(FAULT),--fault $(FAULT))

python:
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11 or newer is needed and was not found: install it from your system's packages or https://www.python.org/downloads/ and try again." >&2; exit 1; }

.PHONY: .dev
.dev: python
	@$(PYTHON) -m tools.bootstrap requirements-dev.txt
