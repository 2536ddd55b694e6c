# The commands of the project. Each does all of its own set-up; see README.md.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
NODE_DIR := tests/engine/node
PEERS_DIR := benchmarks/engine/peers
CODE := hub handlers services mlmodels
# apt packages: what has to be there, and the package that brings it
RUN_NEEDS := libuv.so.1:libuv1
TEST_NEEDS := $(RUN_NEEDS) node:nodejs npm:npm chromium:chromium nginx:nginx-light redis-server:redis-server \
	java:default-jre-headless mvn:maven ip:iproute2

TWO := --numprocesses 2 --dist loadfile

# what `make test` runs once more on MongoDB and Redis
ON_REAL_STORES := tests/api/test_flow.py tests/api/test_once.py tests/api/test_rooms.py \
	tests/e2e/test_kill.py tests/e2e/test_races.py tests/e2e/test_flow_python.py

.DEFAULT_GOAL := help
.PHONY: help setup setup-test run test test-real lint types format bench demo-load conformance soak lock docs clean

help: ## what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(VENV)/.ready: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Please install: sudo apt-get install python3 python3-venv (3.11 or later)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || tools/need ensurepip:python3-venv
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

setup: $(VENV)/.ready ## the virtual environment and libuv1, nothing else
	@tools/need $(RUN_NEEDS)

$(NODE_DIR)/node_modules/.ready: $(NODE_DIR)/package-lock.json
	npm ci --prefix $(NODE_DIR) --no-audit --no-fund --silent
	@touch $@

setup-test: setup ## what the tests need besides
	@tools/need $(TEST_NEEDS)
	@$(MAKE) --no-print-directory $(NODE_DIR)/node_modules/.ready

run: setup ## the hub with a living demo city; prints the dashboard's link
	@$(BIN)/navswap serve --demo

# the engine's heartbeats are measured to the tenth: it is tested alone; the rest by files, side by side
test: setup-test ## everything that can run here
	$(BIN)/pytest tests/engine
	$(BIN)/pytest $(TWO) --ignore tests/engine
	TEST_STORES=real $(BIN)/pytest $(TWO) $(ON_REAL_STORES)

test-real: setup-test ## the suites of the embedded hub, all of them, on MongoDB and Redis
	TEST_STORES=real $(BIN)/pytest $(TWO) tests/api tests/e2e --ignore tests/e2e/test_backup.py

lint: setup ## ruff, rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup ## mypy --strict
	$(BIN)/mypy

format: setup ## let ruff put it right
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(PEERS_DIR)/node_modules/.ready: $(PEERS_DIR)/package-lock.json
	npm ci --prefix $(PEERS_DIR) --no-audit --no-fund --silent
	@touch $@

bench: setup-test $(PEERS_DIR)/node_modules/.ready ## the figures of the README, as ratios in one run
	ulimit -n 20000 && $(BIN)/python -m benchmarks $(ARGS)

conformance: setup-test ## the official protocol suites, from clones in ENGINE_SUITES
	$(BIN)/pytest -m conformance tests/engine/test_conformance.py

soak: setup-test ## two busy hours of the engine at full speed: memory and objects must be flat
	$(BIN)/pytest -s -m soak tests/engine/test_soak.py

demo-load: setup ## the demo city at ten times the riders and speed, against a hub of its own
	$(BIN)/navswap serve --demo --riders 400 --time-factor 30

lock: setup ## both locks anew from pyproject.toml: of everything, and of what runs
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 \
		--no-emit-index-url --generate-hashes --quiet --output-file requirements.lock
	$(BIN)/uv pip compile pyproject.toml --constraint requirements.lock --universal --python-version 3.11 \
		--no-emit-index-url --generate-hashes --quiet --output-file requirements-run.lock

docs: setup ## the generated pages anew
	$(BIN)/python -m hub.doors.pages docs/generated

clean: ## the virtual environment and caches away
	rm -rf $(VENV) $(NODE_DIR)/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis build
