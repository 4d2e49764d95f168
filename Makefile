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
help:
	@# Targets with ##! come first; those with ## are grouped by the headings of this file.
	@awk '/^# --- / {gsub(/^# --- | -+$$/, ""); heading = toupper(substr($$0, 1, 1)) substr($$0, 2)} \
	  /^[a-z-]+:.*##/ {name = $$0; sub(/:.*/, "", name); text = $$0; sub(/.*##!? /, "", text); line = sprintf("  %-20s%s\n", name, text); \
	    if ($$0 ~ /##! /) first = first line; else {if (heading != last) rest = rest "\n" heading "\n"; last = heading; rest = rest line}} \
	  END {printf "Start here\n%s%s", first, rest}' $(MAKEFILE_LIST)

# --- setup -----------------------------------------------------------------------------------------

.PHONY: setup
setup: $(VENV)/.done $(LINK) ##! install what the tests and the lab need

HOST := $(CACHE)/host.done
$(HOST): tools/setup-host
	tools/setup-host
	mkdir -p $(@D)
	touch $@

$(VENV)/.done: requirements-dev.txt $(HOST)
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --requirement requirements-dev.txt
	touch $@

# The tests see the collection under the name users have it by.
$(LINK):
	mkdir -p $(dir $(LINK))
	ln -sfn $(CURDIR) $(LINK)

.PHONY: clean
clean: demo-clean ## remove everything that make created, the demo lab included
	rm -rf $(CURDIR)/.venv* $(CACHE) build .ansible .hypothesis .pytest_cache .ruff_cache

# --- all tests ------------------------------------------------------------------------------------

# A tier is a list of stages. When one fails or hangs, the last line names it, and the command to run just that.
STAGE_LIMIT := 25m
define stages
	@for stage in $(1); do \
	  started=$$SECONDS; \
	  echo "== make $$stage"; \
	  timeout --foreground --verbose --kill-after 1m $(STAGE_LIMIT) $(MAKE) --no-print-directory $$stage \
	    || { echo "make $@: stage '$$stage' failed; to run just that: make $$stage" >&2; exit 1; }; \
	  echo "== make $$stage: done in $$((SECONDS - started)) s"; \
	done
endef

.PHONY: test-fast
test-fast: setup ##! lint and unit tests; a minute or two
	$(call stages,lint unit)

.PHONY: test
test: setup ##! what CI runs: also AWX data, sanity on one core, molecule, system tests, the short faults
	$(call stages,lint unit other-dates interpreters awx-data sanity test-lab molecule system faults-short)

.PHONY: test-full
test-full: STAGE_LIMIT := 24h
test-full: setup ## everything: all cores, platforms, faults and mutants, the execution environment, AWX; hours
	$(call stages,lint coverage other-dates interpreters docs-lint docs matrix test-lab molecule-all system-all faults-all test-mutants mutation galaxy-importer test-install ee awx)

# --- static checks and unit tests ------------------------------------------------------------------

LINT := $(CURDIR)/.venv-lint
# What is committed, and what is to be.
FILES := git ls-files -z --cached --others --exclude-standard --deduplicate
IN_LINT := env PATH=$(LINT)/bin:$$PATH
# The slowest first: they run side by side.
LINTS := lint-ansible lint-types lint-yaml lint-python lint-shell lint-spelling lint-words lint-licences lint-changelog lint-workflows lint-roles

$(LINT)/.done: requirements-lint.txt $(VENV)/.done
	$(PYTHON) -m venv $(LINT)
	$(LINT)/bin/pip install --quiet --disable-pip-version-check --requirement requirements-lint.txt
	# mypy reads the types of what the tests import.
	$(VENV)/bin/python -c 'import site; print(site.getsitepackages()[0])' \
	  > "$$($(LINT)/bin/python -c 'import site; print(site.getsitepackages()[0])')/dev.pth"
	touch $@

.PHONY: lint
lint: setup $(LINT)/.done ##! static checks, all of them; lint-yaml, lint-types and so on run one
	@$(MAKE) --no-print-directory --jobs 2 --keep-going --output-sync=target $(LINTS) \
	  || { echo "make lint: the targets named by 'Error' above failed; each runs alone, as in: make lint-yaml" >&2; exit 1; }

.PHONY: lint-ansible
lint-ansible: setup
	ansible-lint

.PHONY: lint-types
lint-types: $(LINT)/.done $(LINK)
	@# Under the name users have the collection by; the messages name the files of this tree. Not tools/coverage: to mypy its
	@# name is that of the library.
	$(IN_LINT) mypy --cache-dir $(CACHE)/mypy $(LINK)/plugins/action $(LINK)/plugins/filter $(LINK)/plugins/lookup $(LINK)/plugins/plugin_utils \
	  tests/lab tests/cc_simulator tests/bench tests/mutants \
	  tools/architecture tools/docs tools/ee tools/figures tools/keepalived-releases tools/matrix tools/role-docs | sed 's|$(LINK:$(CURDIR)/%=%)/||'

.PHONY: lint-yaml
lint-yaml: setup
	yamllint --strict .

.PHONY: lint-python
lint-python: setup
	@# And the tools, whose names do not end in .py.
	$(FILES) -- ':!*.py' ':!*.j2' | xargs -0 awk 'FNR == 1 && /^#!.*[\/ ]python/ {print FILENAME} {nextfile}' | xargs ruff check .

.PHONY: lint-shell
lint-shell: setup
	@# Whatever begins as a script of sh or bash; templates are not shell yet.
	$(FILES) -- ':!*.j2' | xargs -0 awk 'FNR == 1 && /^#!.*[\/ ](ba)?sh( |$$)/ {print FILENAME} {nextfile}' | xargs shellcheck

.PHONY: lint-spelling
lint-spelling: $(LINT)/.done
	@# Settings in pyproject.toml.
	$(FILES) | xargs -0 $(LINT)/bin/codespell

# Words that the style of this project replaces, each with what to write instead; codespell's own format. A key of several words
# is found too. Not checked: names in code (WORDS_IGNORE), tests, pages for developers, and output of runs that a page shows.
WORDS := tools/words.txt
WORDS_FILES := ':!tests' ':!docs/dev' ':!docs/verdicts.md' ':!docs/status' ':!*.svg' ':!*.json' ':!LICENSE*' ':!$(WORDS)'
# Of the tests only what users see.
WORDS_TESTS := tests/README.md tests/unit/README.md tests/cc_simulator/README.md tests/platforms/README.md tests/lab/demo.py tests/faults/table.py
WORDS_IGNORE := (["'`])\w+\1|\b[A-Z]{1,2}\([^()]*\)|\b\w+\(|(?<=[\w\])])\.\w+|\b\w+=|^\s+\w+(:$$| {4,})|^\s+\w+: (bool|str|int|list|tuple)\b|: \w+"
WORDS_IGNORE := $(WORDS_IGNORE)|[\w-]+\.(md|yml|py)\b|onnection.refused|\bASK\b

.PHONY: lint-words
export WORDS_IGNORE
lint-words: $(LINT)/.done
	@phrases=$$(sed -n 's/^\(.\)\([^>]* [^>]*\)->.*/[\1\u\1]\2/p' $(WORDS) | paste -sd '|'); \
	  { $(FILES) -- $(WORDS_FILES); $(FILES) -- $(WORDS_TESTS); } | xargs -0 -r $(LINT)/bin/codespell --dictionary $(WORDS) --ignore-words-list '' \
	    --regex "$$phrases|[\w'\u2019-]+" --ignore-regex "$$WORDS_IGNORE"

.PHONY: lint-licences
lint-licences: $(LINT)/.done
	$(IN_LINT) reuse lint --lines

.PHONY: lint-changelog
lint-changelog: $(LINT)/.done
	$(IN_LINT) antsibull-changelog lint
	@# CHANGELOG.md is written from changelogs/changelog.yaml, never by hand.
	mkdir -p $(CACHE)
	$(IN_LINT) antsibull-changelog generate --output $(CACHE)/CHANGELOG.md --output-format md
	diff -u CHANGELOG.md $(CACHE)/CHANGELOG.md

.PHONY: lint-workflows
lint-workflows: $(LINT)/.done
	$(IN_LINT) check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(IN_LINT) check-jsonschema --builtin-schema custom.github-workflows-require-timeout .github/workflows/*.yml
	$(IN_LINT) check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(IN_LINT) check-jsonschema --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	$(IN_LINT) check-jsonschema --builtin-schema vendor.github-issue-forms \
	  $(filter-out %/config.yml,$(wildcard .github/ISSUE_TEMPLATE/*.yml))
	$(IN_LINT) zizmor --quiet --offline --pedantic .github

.PHONY: lint-roles
lint-roles: setup
	tools/role-docs --check

.PHONY: unit
unit: setup ##! unit tests
	pytest -q -n auto -m 'not interpreters'

.PHONY: model
model: setup ## the model of two gateway hosts, deeper than in `make unit`: all orders of 5 events; minutes
	PYTHONPATH=$(COLLECTIONS) $(VENV)/bin/python tests/unit/roles/cc_gateway/model/gateway_model.py 5

.PHONY: other-dates
other-dates: setup ## the unit tests that use the date, at other dates; tests/unit/wall_clock.py
	tools/other-dates

.PHONY: coverage
coverage: setup ## unit tests; fails below 95 % of the lines or branches of plugins/ and the check
	rm -rf build/coverage
	mkdir -p build/coverage
	pytest -q -n auto -m 'not interpreters' --cov --cov-report=json:build/coverage/coverage.json --cov-report=
	tools/coverage build/coverage/coverage.json

.PHONY: interpreters
interpreters: setup ## the check and vip_facts on Python 2.7 and 3.6 to 3.13, as far as pyenv has them
	pytest -q -n auto -m interpreters

.PHONY: sanity
sanity: setup ## ansible-test sanity on ansible-core 2.16, which also checks Python 2.7
	tools/sanity 2.16

.PHONY: sanity-all
sanity-all: setup ## ansible-test sanity on every ansible-core
	tools/matrix --command sanity

.PHONY: integration
integration: setup ## ansible-test integration on one ansible-core: the modules for users as Ansible runs them; root
	tools/matrix --core 2.19 --command integration --python 3.12

.PHONY: matrix
matrix: setup ## ansible-test on every ansible-core and Python; writes docs/matrix.md; hours
	tools/matrix

# --- tests in a lab; root -------------------------------------------------------------------------

# With limits for the time of one test: of `make test`, and of the long runs.
PYTEST_IN_LAB := pytest -q -o faulthandler_timeout=900
PYTEST_LONG := pytest -q -o faulthandler_timeout=14400

DEMO_NAME ?= demo
export MOLECULE_LAB ?= molecule
MOLECULE_SCENARIO ?= gateway
# Molecule's own place belongs to all checkouts of one name, and what an interrupted run left there shows its hosts as running.
export MOLECULE_EPHEMERAL_DIRECTORY := $(CACHE)/molecule/$(MOLECULE_LAB)
MOLECULE := rm -rf $(MOLECULE_EPHEMERAL_DIRECTORY) && molecule test --report --scenario-name
LAB := $(VENV)/bin/python tests/lab/lab.py

.PHONY: demo
demo: ##! deploy a gateway in a lab on this machine, and fail it over; root, Debian 12
	@# On a new machine each of the two takes long.
	$(MAKE) --no-print-directory --jobs 2 setup lab-image
	DEMO_NAME=$(DEMO_NAME) $(VENV)/bin/python tests/lab/demo.py

.PHONY: lab-image
lab-image: $(HOST) ## the image of the lab's hosts, where it is not there yet
	$(PYTHON) tests/lab/lab.py image

.PHONY: demo-clean
demo-clean: ## remove the lab of the demo
	if [ -x $(VENV)/bin/python ]; then $(LAB) down $(DEMO_NAME); fi

.PHONY: test-lab
test-lab: setup ## the lab itself: two side by side, and nothing left of either
	$(PYTEST_IN_LAB) tests/lab

.PHONY: molecule
molecule: setup ## molecule: the whole gateway; MOLECULE_SCENARIO=… for another scenario
	$(MOLECULE) $(MOLECULE_SCENARIO)

.PHONY: molecule-all
molecule-all: molecule ## molecule: the gateway on Debian 12 and 13, keepalived on 11 to 13
	$(MOLECULE) keepalived
	export LAB_RELEASE=trixie; $(MOLECULE) gateway

.PHONY: test-platform
test-platform: setup ## role keepalived on a pair of LAB_BASE_IMAGE; tests/platforms/README.md
	tools/test-platform

.PHONY: system
system: setup ## system tests of `make test`: deployment and changes of a live pair
	$(PYTEST_IN_LAB) tests/system/test_deploy.py tests/system/test_traffic.py

.PHONY: system-all
system-all: setup ## all system tests
	$(PYTEST_LONG) tests/system

.PHONY: faults-short
faults-short: setup ## the short set of faults, once each
	$(PYTEST_IN_LAB) tests/faults --fault-slack 0.5

.PHONY: faults-all
faults-all: setup ## all faults, five times each; writes docs/faults.md
	$(PYTEST_LONG) tests/faults --all-faults --fault-runs 5 --fault-docs

.PHONY: test-mutants
test-mutants: setup ## breakages written by hand must make their tests fail
	$(VENV)/bin/python tests/mutants/run.py

.PHONY: mutation
mutation: setup ## so must thousands of small changes made by machine; hours
	$(VENV)/bin/python tests/mutants/mutation.py

# --- measurements; on a quiet machine --------------------------------------------------------------

.PHONY: bench
bench: setup ## what one check costs; table and JSON in build/bench
	PYTHONPATH=$(COLLECTIONS):tests $(VENV)/bin/python tests/bench/check_bench.py --keep

.PHONY: bench-failover
bench-failover: setup ## 30 failovers with each of four configurations
	$(VENV)/bin/python tests/bench/failover_bench.py --flips 30 --keep

.PHONY: soak
soak: setup ## an hour without and an hour with faults: the requests that the controllers got, and whether the VIP moved
	$(VENV)/bin/python tests/bench/soak.py --keep

.PHONY: bench-connections
bench-connections: setup ## what becomes of connections at flips and power-offs; writes docs/bench/connections.md
	$(VENV)/bin/python tests/bench/connections_bench.py --keep

.PHONY: bench-growth
bench-growth: setup ## status and gateway over 1 to 200 clusters: seconds, tasks, memory; writes docs/bench/growth.md
	$(VENV)/bin/python tests/bench/growth_bench.py --keep

.PHONY: figures
figures: setup ## the size of the code beside what is to be reached; FIGURES="--lab NAME" measures runs, too
	$(VENV)/bin/python tools/figures $(FIGURES)

# --- documentation --------------------------------------------------------------------------------

DOCS := $(CURDIR)/.venv-docs
SITE := build/docs

$(DOCS)/.done: requirements-docs.txt
	$(PYTHON) -m venv $(DOCS)
	$(DOCS)/bin/pip install --quiet --disable-pip-version-check --requirement requirements-docs.txt
	touch $@

.PHONY: docs
docs: $(DOCS)/.done $(LINK) ##! the documentation as a site, its links checked: build/docs/html/index.html
	rm -rf $(SITE)
	$(DOCS)/bin/python tools/docs/make_site.py $(SITE)/src
	$(DOCS)/bin/python tools/docs/ansible_labels.py $(SITE)/src/reference $(SITE)/ansible.inv
	$(DOCS)/bin/sphinx-build -W --keep-going -q -b html -c tools/docs -d $(SITE)/doctrees $(SITE)/src $(SITE)/html
	$(DOCS)/bin/python tools/docs/check_html.py $(SITE)/html

.PHONY: docs-links-external
docs-links-external: docs ## check the links to other sites; needs the web
	$(DOCS)/bin/sphinx-build -q -b linkcheck -c tools/docs -d $(SITE)/doctrees $(SITE)/src $(SITE)/linkcheck

.PHONY: docs-lint
docs-lint: $(DOCS)/.done $(LINK) ## check the documentation of plugins and roles
	PATH=$(DOCS)/bin:$$PATH antsibull-docs lint-collection-docs --plugin-docs --skip-rstcheck --validate-collection-refs=all \
	  --disallow-unknown-collection-refs --check-extra-docs-refs .

# --- AWX and releases -----------------------------------------------------------------------------

FULL := $(CURDIR)/.venv-full

$(FULL)/.done: requirements-full.txt $(VENV)/.done
	$(PYTHON) -m venv $(FULL)
	$(FULL)/bin/pip install --quiet --disable-pip-version-check --requirement requirements-dev.txt --requirement requirements-full.txt
	touch $@

.PHONY: ee
ee: setup $(FULL)/.done ## build the image of the execution environment and test it; root
	PATH=$(FULL)/bin:$$PATH $(FULL)/bin/python tools/ee

.PHONY: awx
awx: setup $(FULL)/.done ## configure.yml against a stand-in for AWX, and its jobs by ansible-runner on a lab; root
	FULL_VENV=$(FULL) $(PYTEST_LONG) tests/awx

.PHONY: awx-data
awx-data: setup ## the data for AWX against the rules of AWX, and what operators meet; seconds
	pytest -q tests/awx/test_data.py tests/awx/test_rules.py tests/awx/test_filters.py tests/awx/test_jobs.py

.PHONY: build
build: setup ## build the release file
	tools/build

RELEASE := $(CURDIR)/.venv-release

$(RELEASE)/.done: requirements-release.txt
	$(PYTHON) -m venv $(RELEASE)
	$(RELEASE)/bin/pip install --quiet --disable-pip-version-check --requirement requirements-release.txt
	touch $@

.PHONY: galaxy-importer
galaxy-importer: setup $(RELEASE)/.done ## what Galaxy reports about the release file; errors and warnings fail
	tools/galaxy-importer

.PHONY: test-install
test-install: setup ## install the release file alone, as users do, and deploy a lab from it; root
	tools/test-install

.PHONY: changelog
changelog: setup $(LINT)/.done ## turn the fragments into a release of CHANGELOG.md; CONTRIBUTING.md has the steps
	$(IN_LINT) antsibull-changelog release --reload-plugins --refresh-plugins --update-existing
