# Every verb sets up what it needs, pinned and inside this folder. `make help` lists them.
UV_VERSION := 0.13.9
PYTHON ?= python3
TOOLS := .tools
UV := $(TOOLS)/uv/bin/uv
BIN := .venv/bin
export UV_PYTHON_DOWNLOADS := never
export UV_NO_PROGRESS := 1
# Tests start dozens of processes: each would compile the product and its libraries anew.
unexport PYTHONDONTWRITEBYTECODE
# One process per core; each works through neighbours, so that fixtures of a module are made once.
SPREAD := -n auto --dist worksteal
ifdef PORT
export INTEGRATIONS_PORT := $(PORT)
endif

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help run dev migrate test lint fix types contracts pages unit postgres e2e soak bench wheel

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: .venv/.run ## set up, build the pages when stale, and serve on http://localhost:3000 (PORT=… to change)
	@exec $(BIN)/integrations-app run

dev: .venv/.run ## as run, and again after every change of a source file
	@exec $(BIN)/watchfiles --filter default --target-type command "$(BIN)/integrations-app run" integrations_app assets

migrate: .venv/.run ## bring the database to the newest schema
	@$(BIN)/integrations-app migrate

test: lint types contracts pages unit postgres e2e ## everything CI runs, stage by stage, stopping at the first failure

lint: .venv/.test ## style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

fix: .venv/.test ## mend what the linter can mend, and format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: .venv/.test ## strict type check
	$(BIN)/mypy

contracts: .venv/.test ## who may import whom
	$(BIN)/lint-imports

pages: .venv/.test ## build the pages when stale; their lock files must not move
	@$(BIN)/python -m integrations_app.serve
	@! git rev-parse --is-inside-work-tree >/dev/null 2>&1 || git diff --exit-code --stat -- reflex.lock

unit: .venv/.test ## unit and integration tests on SQLite
	TEST_DATABASE=sqlite $(BIN)/pytest $(SPREAD) $(ARGS)

postgres: .venv/.test ## the tests that touch a database, again on PostgreSQL
	TEST_DATABASE=postgres $(BIN)/pytest $(SPREAD) -m database $(ARGS)

e2e: .venv/.test pages $(TOOLS)/browser ## browser tests against a real server
	@if ls tests/e2e/test_*.py >/dev/null 2>&1; then \
	  TEST_BROWSER="$$(cat $(TOOLS)/browser)" $(BIN)/pytest tests/e2e $(SPREAD) $(ARGS); fi

soak: .venv/.test pages $(TOOLS)/browser ## kill, load, property and slow-peer tests at full counts
	SOAK=1 $(BIN)/pytest $(ARGS)

bench: .venv/.test pages ## measure against the yardsticks in bench/
	$(BIN)/python -m bench $(ARGS)

wheel: .venv/.test pages ## an installable wheel in dist/ that carries the built pages
	$(UV) build --wheel --out-dir dist

# uv from the package index into this folder; nothing of the machine is changed except a missing venv module.
$(UV):
	@scripts/bootstrap $(PYTHON) $(TOOLS)/uv uv==$(UV_VERSION)

.venv/.run: pyproject.toml uv.lock | $(UV)
	@$(UV) sync --locked --quiet --inexact --python $(PYTHON) --group build
	@touch $@

.venv/.test: pyproject.toml uv.lock | $(UV)
	@$(UV) sync --locked --quiet --python $(PYTHON) --group build --group test
	@touch $@ .venv/.run

$(TOOLS)/browser: .venv/.test
	@scripts/browser $(BIN) > $@
