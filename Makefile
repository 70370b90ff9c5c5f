# Every target does its own set-up: it makes .venv, installs the locked packages into it and
# goes on. A second run finds the stamps in .venv and starts at once; a changed lock renews them.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?=
ARGS ?=
VENV := .venv
PEERS := .peers
INTEROP := .interop
BIN := $(VENV)/bin
RUN := $(BIN)/python -m greenoffice
PROVE := $(BIN)/python -m proofs
# The tests of a module stay together, for what they share; ARGS="-n 0" runs one after another.
# One worker more than there are cores, four at most: many tests wait for servers and browsers.
WORKERS = $$($(BIN)/python -c 'import os; print(min(4, (os.cpu_count() or 1) + 1))')
# Whoever forbids bytecode makes each worker and each process of the platform compile all anew.
test test-long: export PYTHONDONTWRITEBYTECODE =
SIDE_BY_SIDE = -n $(WORKERS) --dist loadscope --no-loadscope-reorder
COMPILE := $(BIN)/uv pip compile --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-header --quiet

.PHONY: help demo test test-long check lint demo-seeds replay-check kill-check fault-check fault-ingest fuzz-ingest simulate soak feed-check fuzz-ledger fault-matrix bench-ledger bench-books bench-repairs bench-history bench-feed bench-ingest bench-users bench-gateways bench-boards bench-analytics bench-detect fleet counters-check mutants agree parity compose-check restore-check report-check records-check boards-check recompute-check hostile-check idle-check dated-check closing-check interop bill-check servers-check shards-check tree-check spread-check decode-table tables-check influxql-check join-check lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

demo: $(VENV)/.run ## Run the platform with a simulated campus; open the page it prints
	@$(RUN) demo $(ARGS)

test: $(VENV)/.dev ## Run the test suite, without the tests that take minutes
	@sh tools/system-parts.sh
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE) --durations=15 -m "not long" $(ARGS)

test-long: $(VENV)/.dev ## Run the tests that take minutes, and the further cases of others
	@sh tools/system-parts.sh
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE) --durations=15 -m long $(ARGS)

check: lint ## Check format, lint, types, import rules and documents
	$(BIN)/python -m pytest tests/test_tree.py tests/test_docs_*.py tests/texts

lint: $(VENV)/.dev ## Check format, lint, types and import rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

demo-seeds: $(VENV)/.run ## Prove the demo over seeds it was not tuned on
	@$(PROVE) seeds $(ARGS)

replay-check: $(VENV)/.run ## Prove the books against recorded data (folder in GREENOFFICE_DATA)
	@$(PROVE) replay $(ARGS)

fault-check: $(VENV)/.run ## Prove that the platform recovers from full disks, floods and damage
	@$(PROVE) fault $(ARGS)

fault-ingest: $(VENV)/.dev ## Prove that what was acknowledged is stored or a dead letter, whatever befalls, over every way in
	@sh tools/system-parts.sh
	@$(PROVE) fault-ingest $(ARGS)

fuzz-ingest: $(VENV)/.dev ## Prove that bad input of every kind crashes, stalls and loses nothing
	@$(PROVE) fuzz-ingest $(ARGS)

simulate: $(VENV)/.dev ## Prove by simulated faults, seed by seed, that nothing is lost or told otherwise
	@$(PROVE) simulate $(ARGS)

soak: $(VENV)/.run ## Prove that nothing grows while the platform works for long
	@$(PROVE) soak $(ARGS)

kill-check: $(VENV)/.run ## Prove that killing any process loses nothing
	@$(PROVE) kill $(ARGS)

feed-check: $(VENV)/.run ## Prove that the shared platform's feed adds up to the books
	@$(PROVE) feed $(ARGS)

fuzz-ledger: $(VENV)/.dev ## Prove equal books of random registers, faults, orders and batches
	@$(PROVE) fuzz $(ARGS)

fault-matrix: $(VENV)/.dev ## Prove the books under every fault of the field
	@$(PROVE) faults $(ARGS)

bench-ledger: $(VENV)/.run ## Measure what a reading costs the ledger
	@$(PROVE) bench $(ARGS)

bench-books: $(VENV)/.dev ## Measure what a late reading, a large registry, a start and long answers cost
	@$(PROVE) bench-books $(ARGS)

bench-repairs: $(VENV)/.dev ## Measure what the page of repairs costs, of few meters and of 1,000
	@$(PROVE) bench-repairs $(ARGS)

bench-history: $(VENV)/.dev ## Measure how fast years of readings come from a file of millions of values into the books
	@$(PROVE) bench-history $(ARGS)

bench-feed: $(VENV)/.run ## Measure what a poll of the feed of all institutions costs
	@$(PROVE) bench-feed $(ARGS)

bench-ingest: $(VENV)/.dev ## Measure what a message costs from broker and listener to the readings
	@sh tools/system-parts.sh
	@$(PROVE) bench-ingest $(ARGS)

bench-gateways: $(VENV)/.dev ## Measure 2,000 gateways at once before one collector, and what becomes of those that do not fit
	@$(PROVE) bench-gateways $(ARGS)

bench-users: $(VENV)/.dev ## Measure how long people wait for their boards, also while readings come in
	@sh tools/system-parts.sh
	@$(PROVE) bench-users $(ARGS)

bench-detect: $(VENV)/.dev $(PEERS)/.ready ## Measure how much waste detectors find, ours beside others, and how much they make up
	@$(PROVE) bench-detect $(ARGS)

fleet: $(VENV)/.dev ## Show meters whose truth is known, and how far generic scores come with them
	@$(PROVE) fleet $(ARGS)

bench-boards: $(VENV)/.dev ## Measure how long each panel of the boards takes, beside InfluxDB
	@sh tools/system-parts.sh
	@$(PROVE) bench-boards $(ARGS)

bench-analytics: export OMP_NUM_THREADS = 1
bench-analytics: export OPENBLAS_NUM_THREADS = 1
bench-analytics: export MKL_NUM_THREADS = 1
bench-analytics: export NUMBA_NUM_THREADS = 1
bench-analytics: $(VENV)/.dev $(PEERS)/.ready ## Measure what a baseline costs a meter, beside scikit-learn and OpenDSM
	@$(PROVE) bench-analytics $(ARGS)

counters-check: $(VENV)/.run ## Prove the books of real counters (folder in GREENOFFICE_DATA)
	@$(PROVE) counters $(ARGS)

mutants: $(VENV)/.dev ## Change a package at random, line by line: the share its own tests notice
	@$(PROVE) mutants $(ARGS)

dated-check: $(VENV)/.dev ## Prove that each day belongs to what held on it, and is read by its owner alone
	@$(PROVE) dated $(ARGS)

closing-check: $(VENV)/.dev ## Prove that what was closed is told to the byte, and what came later is named
	@$(PROVE) closing $(ARGS)

tree-check: $(VENV)/.dev ## Prove that the parts of shared places are the whole, and are read by their owners alone
	@$(PROVE) tree $(ARGS)

agree: $(VENV)/.dev ## Prove that page, InfluxQL, API, report and feed tell the same figures
	@$(PROVE) agree $(ARGS)

parity: $(VENV)/.run ## Prove equal books and findings on embedded parts, broker and servers
	@$(PROVE) parity $(ARGS)

compose-check: $(VENV)/.dev ## Prove that what docker-compose.yml starts works together
	@sh tools/system-parts.sh
	@$(PROVE) compose $(ARGS)

restore-check: $(VENV)/.run ## Prove that backups taken at work give the same books again
	@$(PROVE) restore $(ARGS)

report-check: $(VENV)/.dev ## Prove the month's report: same bytes again, also months later; cells add up
	@$(PROVE) report $(ARGS)

records-check: $(VENV)/.dev ## Prove that what was told in a year still stands
	@$(PROVE) records $(ARGS)

recompute-check: $(VENV)/.run ## Prove that a stranger computes the same books, and finds what was altered
	@$(PROVE) recompute $(ARGS)

boards-check: $(VENV)/.run ## Run every query of the Grafana boards over the demo's data
	@$(PROVE) boards $(ARGS)

bill-check: $(VENV)/.dev ## Prove bills against those worked out by hand, and the audit against mistakes
	@$(PROVE) bills $(ARGS)

hostile-check: $(VENV)/.run ## Prove that attacks cost good gateways and keys hardly anything
	@$(PROVE) hostile $(ARGS)

idle-check: $(VENV)/.dev ## Measure what a platform costs at rest, and a reading and a check of health
	@sh tools/system-parts.sh
	@$(PROVE) idle $(ARGS)

interop: $(VENV)/.dev $(INTEROP)/.ready ## Prove that gateways with common MQTT clients lose nothing over a restart
	@sh tools/system-parts.sh
	@$(PROVE) interop $(ARGS)

decode-table: $(VENV)/.run ## Count what decoders make of recorded payloads (folder in GREENOFFICE_DATA)
	@$(PROVE) decode-table $(ARGS)

tables-check: $(VENV)/.dev ## Prove that tables as people have them are read as they are meant, or asked about
	@$(PROVE) tables $(ARGS)

influxql-check: $(VENV)/.dev ## Compare statements as Grafana's editor writes them with a real InfluxDB that has the same rows
	@$(PROVE) influxql $(ARGS)

join-check: $(VENV)/.dev ## Prove in a browser that an office is connected on the page, from an empty folder, in both languages
	@sh tools/system-parts.sh
	@$(PROVE) join $(ARGS)

shards-check: $(VENV)/.run ## Prove that several collectors and ledgers, some killed, do the work of one
	@$(PROVE) shards $(ARGS)

servers-check: $(VENV)/.dev ## Prove that servers and processes may die, hang, come back or be set back
	@sh tools/system-parts.sh
	@$(PROVE) servers $(ARGS)

spread-check: $(VENV)/.dev ## Prove that work on a cluster whose workers are killed gives the same
	@sh tools/system-parts.sh
	@$(PROVE) spread $(ARGS)

lock: $(VENV)/.base ## Write the locked requirements anew from pyproject.toml
	$(COMPILE) pyproject.toml --all-extras -o requirements.txt
	$(COMPILE) pyproject.toml --all-extras --group dev -c requirements.txt -o requirements-dev.txt
	$(COMPILE) --group bootstrap -c requirements-dev.txt -o requirements-bootstrap.txt
	$(COMPILE) --group peers -o requirements-peers.txt
	$(COMPILE) --group interop -o requirements-interop.txt

clean: ## Remove .venv, .peers, .interop and the caches; data folders stay
	rm -rf $(VENV) $(PEERS) $(INTEROP) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist

$(VENV)/.base: requirements-bootstrap.txt tools/venv.sh
	@PYTHON="$(PYTHON)" sh tools/venv.sh
	@touch $@

$(VENV)/.run: $(VENV)/.base requirements.txt pyproject.toml tools/install.sh
	@sh tools/install.sh requirements.txt
	@touch $@

$(VENV)/.dev: $(VENV)/.base requirements-dev.txt pyproject.toml tools/install.sh
	@sh tools/install.sh requirements-dev.txt
	@touch $@ $(VENV)/.run

# Detectors and baselines of others, which want packages that ours do not have.
$(PEERS)/.ready: $(VENV)/.base requirements-peers.txt tools/install.sh
	@test -x $(PEERS)/bin/python || $(BIN)/python -m venv $(PEERS)
	@sh tools/install.sh requirements-peers.txt $(PEERS)
	@touch $@

# Clients of others, with which the gateways of `make interop` are written.
$(INTEROP)/.ready: $(VENV)/.base requirements-interop.txt tools/install.sh
	@test -x $(INTEROP)/python/bin/python || $(BIN)/python -m venv $(INTEROP)/python
	@sh tools/install.sh requirements-interop.txt $(INTEROP)/python
	@touch $@
