# SPDX-License-Identifier: GPL-3.0-or-later
# `make help` lists the targets. Everything is made below .venv/, .cache/ and build/; `make clean` removes it.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := $(CURDIR)/.venv
CACHE := $(CURDIR)/.cache
COLLECTIONS := $(CACHE)/collections
LINK := $(COLLECTIONS)/ansible_collections/eucalyptus/ha

export PATH := $(VENV)/bin:$(PATH)
export ANSIBLE_COLLECTIONS_PATH := $(COLLECTIONS)
export ANSIBLE_CONFIG := $(CURDIR)/tests/lab/ansible.cfg

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

# --- what everything else needs -------------------------------------------------------------------

.PHONY: setup
setup: $(VENV)/.done $(LINK) ## install what the lab and the tests need

$(VENV)/.done: requirements-dev.txt tools/setup-host
	tools/setup-host
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --requirement requirements-dev.txt
	touch $@

# The tests see the collection under the name users have it by.
$(LINK):
	mkdir -p $(dir $(LINK))
	ln -sfn $(CURDIR) $(LINK)

.PHONY: clean
clean: demo-clean ## remove all that make made, the demo lab included
	rm -rf $(VENV) $(CACHE) build .ansible .hypothesis .pytest_cache .ruff_cache

# --- static checks and unit tests ------------------------------------------------------------------

.PHONY: lint
lint: setup ## static checks
	yamllint --strict .
	ruff check .
	ansible-lint
	shellcheck .ci/run tools/setup-host

.PHONY: unit
unit: setup ## unit tests
	pytest -q -n auto

.PHONY: test-fast
test-fast: lint unit ## lint and unit tests, under a minute

# --- the lab ------------------------------------------------------------------------------------------

DEMO_NAME ?= demo
export MOLECULE_LAB ?= molecule
LAB := $(VENV)/bin/python tests/lab/lab.py

.PHONY: demo
demo: setup ## a gateway from nothing, and a failover, in a lab on this machine (root, Debian 12)
	DEMO_NAME=$(DEMO_NAME) $(VENV)/bin/python tests/lab/demo.py

.PHONY: demo-clean
demo-clean: ## remove the demo's lab
	if [ -x $(VENV)/bin/python ]; then $(LAB) down $(DEMO_NAME); fi

.PHONY: molecule
molecule: setup ## the molecule scenarios of `make test`, on a lab of their own
	molecule test --scenario-name gateway --report
