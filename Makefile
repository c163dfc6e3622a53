# Two commands do everything: `make demo` runs the main job, `make test` passes the tests.
# Both install what they need into .venv first, once.
.DEFAULT_GOAL := help
.PHONY: help demo test test-llm test-install soak lint setup clean

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
STAMP := .venv/installed
# The real server of test-llm has a place of its own, so that .venv stays as pyproject.toml says.
LLM_BIN := .venv-llm/bin
LLM_STAMP := $(LLM_BIN)/llama_cpp.installed
LLM_SERVER := llama-cpp-python[server]==0.3.36
BUILT :=
DEMO := demo
# The measuring protocol: 60 conversations are the labelled seed, 60 the test, the rest the logs.
DEMO_SPLIT := --seed 60 --test 60

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

setup: $(STAMP) ## Make the virtual environment and install (once, and when pyproject.toml changes)

# torch comes first and alone: its own pin keeps any other package from choosing a larger build.
$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Turnwise needs Python 3.11 or newer; found $$($(PYTHON) --version). Set PYTHON=/path/to/python3.11"; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[train,llm,serve,client,report,discover,export,dev]'
	@$(MAKE) --no-print-directory BUILT=--only-binary=llama-cpp-python $(LLM_STAMP) >/dev/null 2>&1 || \
	  echo "No built wheel of llama-cpp-python is at hand: the tests with a real language-model" \
	    "server are skipped until \`make test-llm\` has compiled it"
	@touch $@

# Compiled where no wheel is built: that takes a C++ compiler and some minutes, and pip keeps it.
$(LLM_STAMP):
	test -x $(LLM_BIN)/python || $(PYTHON) -m venv .venv-llm
	CMAKE_ARGS="-DGGML_NATIVE=OFF -DLLAVA_BUILD=OFF -DLLAMA_OPENSSL=OFF" \
	  $(LLM_BIN)/python -m pip install --quiet --disable-pip-version-check $(BUILT) '$(LLM_SERVER)'
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
	$(BIN)/python -m pytest -rs -n 2 --dist loadfile --no-loadscope-reorder

test-llm: $(STAMP) $(LLM_STAMP) ## Install a real language-model server and test against it
	TURNWISE_LLM_PYTHON=$(CURDIR)/$(LLM_BIN)/python $(BIN)/python -m pytest -rs tests/llm_server

test-install: $(STAMP) ## Install turnwise[serve] from its wheel into an environment of its own, and serve
	$(BIN)/python -m benchmarks.serving_install

soak: $(STAMP) ## Serve for ten minutes under load, with switches, experiments and bad clients
	$(BIN)/python -m benchmarks.serving_soak

lint: $(STAMP) ## Format the code and mend what ruff can mend
	$(BIN)/ruff format src tests benchmarks
	$(BIN)/ruff check --fix src tests benchmarks

clean: ## Remove the virtual environments and the demo's workspace
	rm -rf .venv .venv-llm $(DEMO)
