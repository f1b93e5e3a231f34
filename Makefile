# The two commands of a newcomer are `make demo` and `make test`; `make check` is what CI runs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime-installed
DEV := $(VENV)/.dev-installed
# two a processor: a test often waits for processes of its own
JOBS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) \* 2)
BUILD_INPUTS := pyproject.toml hatch_build.py lianxi/__init__.py $(wildcard lianxi/locale/*/LC_MESSAGES/*.po)

.DEFAULT_GOAL := help
.PHONY: help demo demo-year down server test check format lint types imports wheel bench soak tamper lock docs

help:                ## what can be made
	@grep -E '^[a-z-]+: ' $(MAKEFILE_LIST) | grep '##' | sed -E 's/:[^#]*## */\t/' | expand -t 12

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; try: make $(MAKECMDGOALS) PYTHON=python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(RUNTIME): requirements/runtime.txt $(BUILD_INPUTS) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/runtime.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q lianxi workflows activities worker.py starter.py
	@touch $@

$(DEV): requirements/dev.txt $(RUNTIME)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

demo: $(RUNTIME)     ## a running sample conference, in the background
	$(BIN)/lianxi demo

down: $(RUNTIME)     ## stop what `make demo` started
	$(BIN)/lianxi down

demo-year: $(RUNTIME) server  ## a year of the sample conference by time skipping (about 4 minutes)
	$(BIN)/python -m tools.year

server: $(RUNTIME)   ## find or build the Temporal server (about 5 minutes, once per user)
	$(BIN)/python -c 'from lianxi.runtime.server_source import find_or_build; print(find_or_build().said)'

test: $(DEV) server  ## all tests, on the real server too
	$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder -m "not timed"
	$(BIN)/python -m pytest -m timed

check: format lint types imports test wheel  ## everything CI checks

format: $(DEV)
	$(BIN)/ruff format --check .

lint: $(DEV)
	$(BIN)/ruff check .

types: $(DEV)
	$(BIN)/mypy

imports: $(DEV)
	$(BIN)/lint-imports

wheel: $(DEV)        ## build the wheel and try it in a clean environment
	$(BIN)/python tools/try_wheel.py

bench: $(DEV)        ## the figures of docs/bench.md, as ratios
	$(BIN)/python -m bench.core
	$(BIN)/python -m bench.verify
	$(BIN)/python -m bench.sealing
	$(BIN)/python -m bench.client_checks
	$(BIN)/python -m bench

soak: $(DEV) server  ## an hour of load, compared again and again: nothing may be found
	$(BIN)/python -m tools.soak

tamper: $(DEV)       ## tamper with each of 1,000 events in ten ways, each to be named (some 20 minutes)
	$(BIN)/python -m tools.tamper --events 1000

docs: $(DEV)         ## write the generated documents anew
	$(BIN)/python -m tools.catalogue
	$(BIN)/python -m tools.event_model
	$(BIN)/python -m tools.reference

lock:                ## pin all dependencies with hashes
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-emit-index-url --custom-compile-command "make lock" --extra build -o requirements/runtime.txt pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-emit-index-url --custom-compile-command "make lock" --extra dev -o requirements/dev.txt pyproject.toml
