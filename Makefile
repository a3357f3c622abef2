# `make` installs and runs everything; `make test`, `make test-rounding`, `make bench`, `make bench-peers` and `make bench-growth`
# check it. Inside .venv: snakemake, dvc, pytest.
.PHONY: run test test-rounding bench bench-peers bench-growth clean

PYTHON := $(shell for p in python3.11 python3.12 python3.13 python3.14 python3; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

run: .venv/core
	.venv/bin/snakemake
	@echo; cat results/headline.txt
	@echo "Report: $(CURDIR)/results/report.html (open it in a browser)"
	@echo "Next: . .venv/bin/activate, change params.yaml, and snakemake -n says what would run again"

# Files in the order of their names: files of one long test, last by the number of tests, would leave a core idle.
test: .venv/dev
	.venv/bin/pytest -n 2 --dist loadscope --no-loadscope-reorder --durations 10
	@echo "All tests passed, under $$(.venv/bin/python --version) in $(CURDIR)/.venv"

# The tests that train, with plainer instructions and data rounded to 20 bits: no outcome may hang on the last digits.
PLAINER := $(if $(filter x86_64,$(shell uname -m)),UNMIX_ARCH=x86-64)
test-rounding: .venv/dev
	$(PLAINER) ATEN_CPU_CAPABILITY=default MKL_CBWR=COMPATIBLE UNMIX_TEST_SIGNIFICANT_BITS=20 \
		.venv/bin/pytest -n 2 --dist loadscope --no-loadscope-reorder $(addprefix tests/,algorithms clustering empo online safety)

bench: .venv/core
	.venv/bin/python -m benchmarks.step_speed
	.venv/bin/python -m benchmarks.data_speed

# With scans in JAX, which get an environment of their own; where vectors are wider than AVX2's, held to AVX2 as well.
AVX2 := UNMIX_ARCH=x86-64-v3 ATEN_CPU_CAPABILITY=avx2 MKL_ENABLE_INSTRUCTIONS=AVX2 ONEDNN_MAX_CPU_ISA=AVX2 \
	XLA_FLAGS=--xla_cpu_max_isa=AVX2
bench-peers: .venv/core .venv-peers/core
	.venv/bin/python -m benchmarks.step_speed --device cpu
	! grep -qs avx512f /proc/cpuinfo || $(AVX2) .venv/bin/python -m benchmarks.step_speed --device cpu

bench-growth: .venv/core
	.venv/bin/python -m benchmarks.growth

clean:
	rm -rf .venv .venv-peers

.venv/core: requirements.lock
	@test -n "$(PYTHON)" || { echo "error: no Python 3.11 or later (with venv) on PATH" >&2; exit 1; }
	test -x .venv/bin/python || $(PYTHON) -m venv .venv
	@echo "Installing $$(grep -c == $<) packages into .venv, which takes some minutes"
	.venv/bin/pip install --quiet --requirement $<
	@touch $@

.venv-peers/core: benchmarks/requirements-peers.txt .venv/core
	test -x .venv-peers/bin/python || .venv/bin/python -m venv .venv-peers
	.venv-peers/bin/pip install --quiet --requirement $<
	@touch $@

.venv/dev: requirements-dev.lock .venv/core
	@echo "Installing $$(grep -c == $<) packages for the tests"
	.venv/bin/pip install --quiet --requirement $<
	@touch $@
