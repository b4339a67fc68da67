# make demo    the main job, on the bundled examples: two commands from a fresh clone
# make test    the tests;  make lint: format, rules, types, layers
PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv
INSTALL := $(UV) pip install --quiet --python $(BIN)/python --constraint requirements.lock
DEPENDENCIES := pyproject.toml requirements.lock
CHECKED := aiqa tests examples checks benchmarks

.PHONY: demo demo-broken examples test test-spark coverage lint lock conformance bench-import bench-memory bench-stats \
	bench-expectations bench-slices bench-spark bench-workloads coverage-study weak-slices-study clean

demo: .venv/demo examples
	@$(BIN)/python -m pytest --aiqa
	@echo
	@echo "Evidence   $$(ls -d .aiqa/runs/*/ | tail -n 1)evidence.json   (or: $(BIN)/aiqa show)"
	@echo "Report     $$(ls -d .aiqa/runs/*/ | tail -n 1)report.html"
	@echo "Datadog    $$(ls -d .aiqa/runs/*/ | tail -n 1)datadog.jsonl, which is what would be sent"
	@echo "MLflow UI  $(BIN)/mlflow ui --backend-store-uri sqlite:///.aiqa/mlflow.db"

# A challenger whose training went wrong in Brazil, and a month in which customers spend differently.
demo-broken: .venv/demo examples
	@FRAUD_MONTH=2026-09 $(BIN)/python -m pytest --aiqa --aiqa-model fraud=examples/fraud/models/broken.skops \
		checks/check_fraud.py; code=$$?; echo; \
	if [ $$code -eq 1 ]; then echo "As it should: the checks stopped the broken model and saw the odd month."; \
	else echo "The checks missed the broken model (exit code $$code)."; exit 1; fi

test: .venv/test
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadfile $(ARGS)

# All that runs on Spark, also what starts it anew: some five minutes, and Java 17 or later.
test-spark: .venv/test
	@AIQA_SPARK=1 $(BIN)/python -m pytest tests/scan/test_engines.py tests/metrics/test_on_spark.py tests/session/test_spark.py \
		tests/pytest_driver/test_spark.py $(ARGS)

coverage: .venv/test
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --cov --cov-report term:skip-covered --cov-fail-under 90

# Great Expectations against ours on many random tables, for every type: some ten minutes.
conformance: .venv/test
	@AIQA_EXAMPLES=400 $(BIN)/python -m pytest --numprocesses 2 --dist load tests/conformance

lint: .venv/test
	@$(BIN)/ruff format --check --quiet $(CHECKED)
	@$(BIN)/ruff check --quiet $(CHECKED)
	@$(BIN)/mypy
	@$(BIN)/lint-imports

lock: $(UV)
	@$(UV) pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --no-emit-find-links --no-header \
		--no-annotate --all-extras --group test --group lint pyproject.toml --output-file requirements.lock

bench-import: .venv/test
	@$(BIN)/python benchmarks/imports.py

bench-memory: .venv/test
	@$(BIN)/python -m benchmarks.memory $(ARGS)

bench-stats: .venv/test
	@set -e; for file in benchmarks/stats_*.py; do echo "== $$file"; $(BIN)/python $$file; done

# Forty-three expectations on 1 million rows: ours, a hand-written query and the peers; ROWS=10000000 RUNS=3 is more.
bench-expectations: .venv/test
	@$(BIN)/python -m benchmarks.expectations $(or $(ROWS),1000000) $(or $(RUNS),3) $(ARGS)

# A run on Spark in local mode against the number of rows: some ten minutes; ARGS=100000 is less.
bench-spark: .venv/test
	@$(BIN)/python -m benchmarks.spark $(ARGS)
# Five jobs on a table of 30 columns, against queries by hand and the peers: ROWS=50000000 RUNS=3 is more, and takes 10 GB of
# disk; ARGS="--workloads w1 w5" is less. It also makes docs/explanation/speed.md.
bench-workloads: .venv/test .venv-peers/ready
	@$(BIN)/python -m benchmarks.workloads $(or $(ROWS),1000000) $(or $(RUNS),3) $(ARGS)

# How often verdicts are wrong, of every metric and method: about an hour on two cores; ARGS="--only recall --quick" is less.
# It goes on where it was interrupted, and keeps what rests on code that has not changed.
coverage-study: .venv/test
	@$(BIN)/python -m benchmarks.coverage $(ARGS)

# What 5,000 slices cost over a group-by by hand; ROWS=10000000 RUNS=3 is more.
bench-slices: .venv/test
	@$(BIN)/python -m benchmarks.slices $(or $(ROWS),1000000) $(or $(RUNS),3)

# How often a search for weak slices raises a false alarm, and what it finds: some ten minutes.
weak-slices-study: .venv/test
	@$(BIN)/python -m benchmarks.weak_slices $(or $(RUNS),1000)

clean:
	rm -rf .venv .venv-peers .aiqa .coverage* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist
	rm -rf examples/*/data examples/*/models

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "aiqa needs Python 3.11: make PYTHON=python3.11")'
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

.venv/demo: $(UV) $(DEPENDENCIES)
	@echo "Installing aiqa into .venv ..."
	@$(INSTALL) --editable '.[mlflow,datadog,report,skops]'
	@touch $@

.venv/test: $(UV) $(DEPENDENCIES)
	@echo "Installing aiqa and its test tools into .venv ..."
	@$(INSTALL) --editable '.[all]' --group test --group lint
	@touch $@ .venv/demo

# Peers that need older libraries than aiqa's.
.venv-peers/ready: benchmarks/workloads/peers.txt $(UV)
	@$(PYTHON) -m venv .venv-peers
	@$(UV) pip install --quiet --python .venv-peers/bin/python --requirement $<
	@touch $@

EXAMPLES := $(foreach name,breast_cancer digits diabetes fraud,examples/$(name)/models/challenger.skops)

examples: $(EXAMPLES)

# Models belong to the scikit-learn that trained them.
examples/%/models/challenger.skops: examples/%/train.py requirements.lock | .venv/demo
	@$(BIN)/python $<

examples/fraud/models/challenger.skops: examples/fraud/data/truth.parquet

examples/fraud/data/truth.parquet: examples/fraud/generate.py requirements.lock | .venv/demo
	@$(BIN)/python $<
