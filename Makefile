# Every target sets itself up: a .venv in the checkout, made by the first suitable
# Python 3 and reused for as long as it is current. Choose another with PYTHON=...

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin/python
WORKERS ?= 2
unexport PYTHONPATH PYTHONHOME

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo docs dist test test-long lint format bench asv regression clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-11s%s\n", $$1, $$2}' Makefile

demo: $(VENV)/.demo  ## train on the digits (options: make demo ARGS='--epochs 5')
	$(BIN) examples/digits.py $(ARGS)

test: $(VENV)/.test  ## the quick tests (options: make test ARGS='-k jit')
	$(BIN) -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

test-long: $(VENV)/.test  ## the long runs
	$(BIN) -m pytest -m slow $(ARGS)

lint: $(VENV)/.lint  ## ruff, mypy and the layering test
	$(BIN) -m ruff check
	$(BIN) -m ruff format --check
	$(BIN) -m mypy
	$(BIN) -m pytest -q -o addopts= tests/test_layering.py

format: $(VENV)/.lint  ## let ruff fix and format the sources
	$(BIN) -m ruff check --fix
	$(BIN) -m ruff format

docs: $(VENV)/.docs  ## the site, in docs/_build/index.html; warnings are errors
	$(BIN) -m sphinx -W --keep-going -b html -j auto docs docs/_build $(ARGS)

dist: $(VENV)/.dist  ## wheel and sdist in dist/, checked as an index would
	rm -rf dist
	$(BIN) -m build --no-isolation
	$(BIN) -m twine check --strict dist/*

bench: $(VENV)/.peers  ## every library side by side: the README's table, numbers in docs/
	$(BIN) asv_bench/compare.py --readme $(ARGS)

asv: $(VENV)/.bench  ## the asv benchmarks on this checkout
	cd asv_bench && ../$(BIN) -m asv machine --yes >/dev/null && \
	    ../$(BIN) -m asv run --python=same --show-stderr $(ARGS)

regression: $(VENV)/.bench  ## fail if the working tree is slower than its base
	$(BIN) asv_bench/regression.py $(ARGS)

clean:  ## remove the .venv, caches and build outputs
	rm -rf $(VENV) build dist demo-output docs/_build docs/gallery-* \
	    .mypy_cache .pytest_cache .ruff_cache .hypothesis .benchmarks asv_bench/env asv_bench/html asv_bench/results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A .venv that was moved, or whose Python is gone, is made anew.
HERE = cat $(VENV)/.here && $(BIN) -c ''
ifneq ($(shell ($(HERE)) 2>/dev/null),$(CURDIR))
.PHONY: $(VENV)/.here
endif

SUITABLE := import sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 15))

# Debian's python3 comes without ensurepip: then another pip or virtualenv makes it.
WITHOUT_ENSUREPIP = "$$python" -m virtualenv -q $(VENV) 2>/dev/null || \
    { "$$python" -m venv --without-pip $(VENV) && \
      "$$python" -m pip -q --python $(BIN) install pip 2>/dev/null; } || \
    { echo "make: $$python cannot make environments; install its package" \
      "python3-venv (or virtualenv) and run make again" >&2; rm -rf $(VENV); exit 1; }

$(VENV)/.here:
	@rm -rf $(VENV)
	@for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python; do \
	    "$$python" -c '$(SUITABLE)' 2>/dev/null && break; python=; \
	done; \
	test -n "$$python" || { echo "make: no Python 3.11 to 3.14 was found;" \
	    "install one or say make PYTHON=/path/to/python3" >&2; exit 1; }; \
	if "$$python" -c 'import ensurepip' 2>/dev/null; then "$$python" -m venv $(VENV); \
	else $(WITHOUT_ENSUREPIP); fi
	@echo "$(CURDIR)" >$@

$(VENV)/.%: pyproject.toml $(VENV)/.here
	$(BIN) -m pip install -q --disable-pip-version-check -e '.[$*]'
	@touch $@
