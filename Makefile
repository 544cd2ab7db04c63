# The commands of the README. `make setup` is called by each of them and does nothing when .venv is up to date.
PY := .venv/bin
ARGS ?=
# Most tests wait for real peers: two workers a core keep the cores busy.
WORKERS ?= $(shell echo $$(( $$(getconf _NPROCESSORS_ONLN) * 2 )))

.PHONY: setup demo test test-compose check bench up lock contract format clean

setup:  ## make .venv from hashed requirements
	@scripts/setup dev

demo:  ## the whole main job with a simulated plant and local servers (ARGS=--for=90 ends by itself)
	@scripts/setup demo
	@$(PY)/python -m heliograph.demo $(ARGS)

up:  ## the whole gateway without Docker: make up ARGS='--set DIR --state DIR'
	@scripts/setup gateway
	@$(PY)/heliograph up $(ARGS)

test: setup  ## every test that needs no Docker
	@$(PY)/pytest -n $(WORKERS) --dist worksteal -m "not compose and not bench" $(ARGS)

test-compose: setup  ## the tests against Docker Compose
	@$(PY)/pytest -m compose tests/compose $(ARGS)

check: setup  ## style, types, layers, generated files
	@$(PY)/ruff format --check --quiet .
	@$(PY)/ruff check --quiet .
	@$(PY)/mypy packages services bench
	@$(PY)/lint-imports --no-logo
	@$(PY)/python scripts/generate_contract.py --check
	@$(PY)/python scripts/generate_cli_docs.py --check

bench: setup  ## the figures, each against a named baseline of the same run
	@$(PY)/python -m bench $(ARGS)

contract: setup  ## write docs/contract.md, the schemas, nats.conf and docs/cli.md anew from the code
	@$(PY)/python scripts/generate_contract.py
	@$(PY)/python scripts/generate_cli_docs.py

format: setup
	@$(PY)/ruff format .
	@$(PY)/ruff check --fix .

lock: setup  ## resolve all requirements anew
	@scripts/lock

clean:
	@rm -rf .venv demo-state .mypy_cache .ruff_cache .hypothesis
