# make sweep   sets everything up and trains the quickstart: 60 autoencoders, a table, figures
# make test    sets everything up and passes the tests
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# Two workers: the suite is written for two cores.
WORKERS ?= 2

# Versions of Python have caches of their own: compiled programs are no exchange format.
export AEJAX_TEST_CACHE ?= $(CURDIR)/.cache/xla-$(notdir $(VENV))

# The tests start a hundred processes: what Python compiled of the sources is kept, as by default.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: sweep test test-all test-exhaustive test-optimised test-fast test-newest lint types figures zoo pages docs bench-peers clean
.DELETE_ON_ERROR:

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "aejax needs Python 3.11 or newer; name one: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]' -c constraints.txt
	touch $@

sweep: $(STAMP)
	$(BIN)/python -m experiments.sweep --config=configs/quickstart.py --workdir=runs/quickstart

zoo: $(STAMP)
	$(BIN)/python -m experiments.sweep --config=configs/zoo.py:smoke --workdir=runs/zoo-smoke

figures: $(STAMP)
	$(BIN)/python -m experiments.figures --workdir=runs/quickstart

test: $(STAMP) lint
	$(BIN)/python -m pytest -n $(WORKERS) -m "not exhaustive"

# Everything: `make test`, then what it leaves out.
test-all: test test-exhaustive

# What tests/README.md lists: what computes for long compiled as users compile, the rest quickly.
test-exhaustive: $(STAMP)
	AEJAX_TEST_OPTIMISED=1 $(BIN)/python -m pytest -n $(WORKERS) -m "exhaustive and long"
	$(BIN)/python -m pytest -n $(WORKERS) -m "exhaustive and not long"

# Every test compiled as users compile, for a release: an hour and more.
test-optimised: $(STAMP)
	AEJAX_TEST_OPTIMISED=1 $(BIN)/python -m pytest -n $(WORKERS)

test-fast: $(STAMP)
	$(BIN)/python -m pytest -n $(WORKERS) -m "not slow and not exhaustive"

# What another version of Python or JAX is most likely to break; compiled as users compile.
test-newest: $(STAMP)
	AEJAX_TEST_OPTIMISED=1 $(BIN)/python -m pytest -n $(WORKERS) -m "not slow and not exhaustive" tests/train/test_line_search.py \
	  tests/train/test_precision.py tests/train/test_shuffle.py tests/train/test_step.py \
	  tests/rbm/test_partition_function.py tests/rbm/test_rbm.py tests/nets/test_conv.py tests/nets/test_pooling.py \
	  tests/latents/flows tests/latents/priors tests/latents/quantised

# The tables of docs/claims.md and docs/records.md and the README's count, from results/.
pages: $(STAMP)
	$(BIN)/python docs/record_pages.py

# The site, with warnings as errors: docs/_build/index.html. It is built without a network.
docs: $(STAMP)
	$(BIN)/python -m sphinx -q -W --keep-going -b html docs docs/_build

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/pyright --pythonpath $(BIN)/python

# The peers of experiments.benchmark, in an environment of their own: no dependency of ours.
bench-peers:
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/peers/requirements.txt

clean:
	rm -rf $(VENV) .venv-peers .cache build docs/_build docs/api *.egg-info
