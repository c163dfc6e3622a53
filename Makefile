# Two commands do everything: `make demo` runs the main job, `make test` passes the tests.
# Both install what they need into .venv first, once.
.DEFAULT_GOAL := help
.PHONY: help demo test lint setup clean

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
STAMP := .venv/installed
DEMO := demo
# The measuring protocol: 60 conversations are the labelled seed, 60 the test, the rest the logs.
DEMO_SPLIT := --seed 60 --test 60

help: ## List the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 10

setup: $(STAMP) ## Make the virtual environment and install (once, and when pyproject.toml changes)

# torch comes first and alone: its own pin keeps any other package from choosing a larger build.
$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Turnwise needs Python 3.11 or newer; found $$($(PYTHON) --version). Set PYTHON=/path/to/python3.11"; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[train,llm,report,dev]'
	@touch $@

demo: $(STAMP) ## Run the main job on the bundled sample: from raw logs to a packed classifier
	@rm -rf $(DEMO)
	@$(BIN)/turnwise init $(DEMO) --taxonomy examples/larkspur/taxonomy.yaml $(DEMO_SPLIT)
	@$(BIN)/turnwise run examples/larkspur/conversations.jsonl --workspace $(DEMO) \
	  --try examples/larkspur/examples.jsonl

test: $(STAMP) ## Run lint, types, import contracts and all tests
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest

lint: $(STAMP) ## Format the code and mend what ruff can mend
	$(BIN)/ruff format src tests benchmarks
	$(BIN)/ruff check --fix src tests benchmarks

clean: ## Remove the virtual environment and the demo's workspace
	rm -rf .venv $(DEMO)
