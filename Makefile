# make hello: stix on this machine.  make test: everything.  Both make their own .venv.
.DEFAULT_GOAL := help
.PHONY: help hello test test-bulk test-os lint sanity docs screens bench wheel collection clean

VENV := .venv
BIN := $(VENV)/bin
# One more than there are cores: more of them wait for processors only.
WORKERS ?= $(shell expr $$(nproc) + 1)
PYTEST_ARGS ?=
BENCH_ARGS ?=

help:
	@echo "make hello       install stix into $(VENV) and run examples/hello.yaml on this machine"
	@echo "make test        install what the tests need, check the code, run all tests (PYTEST_ARGS=... adds options)"
	@echo "make test-bulk   tests of many files and large ones again, with 10,000 objects and 5 GB (minutes, 20 GB of disk)"
	@echo "make lint        ruff, import-linter, mypy"
	@echo "make test-os     set-up and the agent on roots of Debian 11, 13 and Ubuntu 20.04, 22.04, 24.04 (they are built first)"
	@echo "make sanity      the collection before ansible-lint, ansible-test and antsibull-docs (some ten minutes)"
	@echo "make docs        the documentation as a site, dist/docs/index.html; a dead link is an error"
	@echo "make screens     the pictures of terminals in the documentation, recorded anew where they say something else now"
	@echo "make bench       the benchmarks, one after another"
	@echo "make wheel       dist/*.whl and dist/*.tar.gz, the Python package"
	@echo "make collection  dist/stix-core-*.tar.gz, the Ansible collection"
	@echo "make clean       remove $(VENV), dist and caches"

$(BIN)/python:
	$$(sh tests/lab/find_python.sh) -m venv $(VENV)

$(VENV)/.stix: pyproject.toml hatch_build.py | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

# Ansible's collections are data here: compiling 10,000 files that Ansible reads as text takes a minute.
$(VENV)/.test: $(VENV)/.stix
	$(BIN)/python -m pip install --quiet --no-compile --no-deps ansible
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	@touch $@

hello: $(VENV)/.stix
	$(BIN)/stix up -y -c hello examples/hello.yaml
	@echo
	@echo "That was cluster 'hello'. Look around:  $(BIN)/stix status    $(BIN)/stix logs hello"
	@echo "Take it down:                           $(BIN)/stix down -y hello"

test: $(VENV)/.test lint
	sh tests/lab/install.sh
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(PYTEST_ARGS)

test-bulk: $(VENV)/.test
	sh tests/lab/install.sh
	STIX_TEST_BULK=1 $(BIN)/python -m pytest -n 0 tests/integration/agent/test_bulk.py $(PYTEST_ARGS)

test-os: $(VENV)/.test
	sh tests/lab/install.sh
	STIX_TEST_OS=all $(BIN)/python -m pytest -n 0 tests/integration/ansible/test_os_roots.py $(PYTEST_ARGS)

lint: $(VENV)/.test
	$(BIN)/ruff check .
	PYTHONPATH=. $(BIN)/lint-imports
	$(BIN)/mypy

sanity: $(VENV)/.test
	$(BIN)/python -m pip install --quiet --editable '.[sanity]'
	$(BIN)/python -m tests.content.sanity

docs: $(VENV)/.stix
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	$(BIN)/sphinx-build -q -W --keep-going -n -b html docs dist/docs

screens: $(VENV)/.stix
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	$(BIN)/python docs/screens.py

bench: $(VENV)/.test
	sh tests/lab/install.sh
	$(BIN)/python bench $(BENCH_ARGS)

wheel: $(VENV)/.test
	$(BIN)/python -m build --outdir dist .

collection: $(VENV)/.test
	$(BIN)/python -c 'import hatch_build, pathlib; hatch_build.write_archive(pathlib.Path())'
	$(BIN)/ansible-galaxy collection build --force --output-path dist

clean:
	rm -rf $(VENV) dist build docs/generated .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis .cache roles/skylet/files/skylet.pyz
