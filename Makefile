# The commands of the README. `make setup` is called by each of them and does nothing when .venv is up to date.
PY := .venv/bin
ARGS ?=
# Most tests wait for real peers: three workers a core keep the cores busy.
WORKERS ?= $(shell echo $$(( $$(getconf _NPROCESSORS_ONLN) * 3 )))
# Some containers forbid bytecode: each service would then compile itself at every start, the tests in every worker.
export PYTHONDONTWRITEBYTECODE =

.PHONY: setup demo test test-compose check docs bench up lock contract reference format clean

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

check: setup docs  ## style, types, layers, generated files, the documentation site
	@$(PY)/ruff format --check --quiet .
	@$(PY)/ruff check --quiet .
	@$(PY)/mypy packages services bench
	@$(PY)/python scripts/generate_reference.py --check
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

docs: setup  ## the documentation site in site/, every link of it checked
	@NO_MKDOCS_2_WARNING=1 $(PY)/mkdocs build --strict
	@$(PY)/python scripts/site/check.py site

reference: setup  ## write docs/reference/ anew from the tables of the code
	@$(PY)/python scripts/generate_reference.py

lock: setup  ## resolve all requirements anew
	@scripts/lock

clean:
	@rm -rf .venv site demo-state .mypy_cache .ruff_cache .hypothesis
