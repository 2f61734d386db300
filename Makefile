# The verbs of the house; `make` alone lists them.
# Another interpreter: make setup PYTHON=python3.12      Another uv: make lock UV=/path/to/uv

SHELL := /bin/sh
PYTHON ?= python3
UV ?= uv
BIN := .venv/bin
READY := .venv/ready
PIP = $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --no-input
LOCK = $(UV) pip compile setup.cfg --extra build --python-version 3.11 --universal --upgrade --quiet \
	--generate-hashes --no-emit-index-url --no-emit-find-links --no-header

.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench docs soak lock interpreter moved

help: ## list the verbs
	@sed -n 's/^\([a-z]*\):.*## \(.*\)$$/make \1\t\2/p' Makefile | expand -t 14

setup: $(READY) ## create .venv with the locked requirements and the project
demo: setup ## a market day in a demonstration commune
	@$(BIN)/choso demo
test: setup ## the whole test suite
	@$(BIN)/pytest
check: setup ## what CI runs: format, lint, types, import rules, make test
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(MAKE) --no-print-directory test
bench: setup ## the benchmarks
	@$(BIN)/choso bench payments
docs: setup ## write docs/events.md anew
	@$(BIN)/python -m web.events_page > docs/events.md
soak: setup ## the test suite at full size: hours
	@CHOSO_SOAK=1 $(BIN)/pytest
lock: ## resolve the requirements of setup.cfg afresh, with hashes
	@command -v $(UV) >/dev/null || { echo "make lock needs uv: pip install uv"; exit 1; }
	$(LOCK) -o requirements.lock
	$(LOCK) --extra test -c requirements.lock -o requirements-test.lock

# An environment names its folder: in a moved or copied one it is built anew.
ifneq ($(shell cat $(READY) 2>/dev/null),$(CURDIR))
$(READY): moved
endif

$(READY): requirements.lock requirements-test.lock setup.cfg pyproject.toml
	@set -e; \
	if [ "$$(cat $(READY) 2>/dev/null || echo '$(CURDIR)')" != '$(CURDIR)' ] || \
		! $(BIN)/python -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
		python=$$($(MAKE) --silent --no-print-directory interpreter); \
		echo "Creating .venv with $$python ..."; \
		"$$python" -m venv --clear .venv; \
	fi; \
	rm -f $(READY); \
	echo "Installing the locked requirements (about a minute the first time) ..."; \
	$(PIP) --require-hashes -r requirements-test.lock; \
	echo "Installing the project ..."; \
	$(PIP) --no-deps --no-build-isolation -e .; \
	printf '%s\n' '$(CURDIR)' > $(READY); \
	echo "Ready: $(BIN)/choso"

# Prints the first interpreter that is new enough and can create environments, or says what is missing.
interpreter:
	@for python in $(PYTHON) python3.13 python3.12 python3.11; do \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		"$$python" -c 'import ensurepip, venv' 2>/dev/null && { echo "$$python"; exit 0; }; \
		found=$${found:-$$python}; \
	done; \
	if [ -n "$$found" ]; then \
		version=$$("$$found" -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
		echo "$$found cannot create environments: python3-venv is missing" \
			"(Debian, Ubuntu: apt-get install python$$version-venv)." >&2; \
	else \
		echo "Chợ Số needs Python 3.11 or later;" \
			"name one: make setup PYTHON=/path/to/python3" >&2; \
	fi; \
	exit 1
