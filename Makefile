# The few commands one needs; `make` lists them. Everything else: cmake --list-presets, build/<preset>/hasten --help.
PRESET ?= release
HASTEN_JOBS ?= 2
SEEDS ?= 3
PYTHON ?= .venv/bin/python
DEMO := recipes/quick/baseline.toml recipes/quick/fast.toml

BUILD = build/$(PRESET)
NINJA = ninja -C $(BUILD) -j $(HASTEN_JOBS)
# Tests run side by side, so their OpenMP threads wait without spinning. Undefined behaviour ends a test: else it only prints,
# and ctest shows nothing of a test that passes.
CTEST = OMP_WAIT_POLICY=PASSIVE UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1" \
	TSAN_OPTIONS="suppressions=$(CURDIR)/cmake/tsan.supp" \
	$(if $(filter tsan,$(PRESET)),OMP_NUM_THREADS=1) ctest --test-dir $(BUILD) -j $(HASTEN_JOBS) --output-on-failure

.DEFAULT_GOAL := help
.PHONY: help setup configure build build-tests demo records test test-slow test-gpu test-method lint format install clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 22
	@echo "  PRESET=$(PRESET) (cmake --list-presets), HASTEN_JOBS=$(HASTEN_JOBS); results are in $(BUILD)"

setup: ## system packages, and LibTorch in .venv unless one is found
	@tools/setup $(if $(filter notorch,$(PRESET)),--no-torch)

# Once: afterwards ninja runs cmake by itself when a CMake file or the list of sources changes.
$(BUILD)/build.ninja: CMakePresets.json | setup
	cmake --preset $(PRESET)
	@touch $@

configure: setup $(BUILD)/build.ninja

build: configure ## the program: build/release/hasten
	@$(NINJA) hasten

build-tests: configure
	@$(NINJA)

demo: build ## train Fashion-MNIST twice, plainly and with methods, and compare
	$(BUILD)/hasten race $(DEMO) --seeds $(SEEDS)

RECORDS ?= fashion-mnist tiny-shakespeare
records: build ## the recipes of RECORDS beside their peers, five seeds a side: PYTHON=one with torch, numpy and Pillow; an hour and more
	@for workload in $(RECORDS); do python3 bench/records.py $$workload --hasten $(BUILD)/hasten --python $(PYTHON) --readme || exit 1; done

test: build-tests ## the fast tests: unit and command line
	@$(CTEST) --no-tests=error -L '^(unit|cli)$$'

test-slow: build-tests ## the tests that take longer
	@$(CTEST) -L '^slow$$'

test-gpu: build-tests ## the tests that want a GPU
	@$(CTEST) -L '^gpu$$'

# In a build where each method is a target of its own: the edit of one compiles one.
test-method: PRESET := dev
test-method: ## M=name: compile and test one method
	@test -n "$(M)" || { echo "usage: make test-method M=<name>" >&2; exit 2; }
	@$(MAKE) --no-print-directory configure PRESET=$(PRESET)
	@$(NINJA) method_$(M)_test
	$(BUILD)/bin/method_$(M)_test

lint: setup ## layers, sizes, paths, documents, format
	@tools/lint

format: setup ## write the format that lint asks for
	@git ls-files -z --cached --others --exclude-standard '*.h' '*.cpp' ':!third_party' | xargs -0 -r .venv/bin/clang-format -i

install: build ## program, libraries and headers into PREFIX (/usr/local)
	cmake --install $(BUILD) $(if $(PREFIX),--prefix $(PREFIX))

clean: ## remove what was built (neither .venv nor runs)
	rm -rf build
