# The README's commands. What is built, and how, is in CMakeLists.txt and CMakePresets.json.
.NOTPARALLEL:
.PHONY: help run test asan tsan fuzz gcc neon setup check-model

PROMPT ?= It was a dark night
FUZZ_SECONDS ?= 60

# Taken literally and handed over in the environment: neither make nor the shell expands anything in them.
override PROMPT := $(value PROMPT)
override MODEL := $(value MODEL)
export PROMPT MODEL

help:
	@echo 'make run PROMPT="..."             install what is missing, build, continue the prompt with the model that is here'
	@echo 'make run MODEL=DIR PROMPT="..."   the same with another model'
	@echo 'make test                        install what is missing, build, run all tests'
	@echo 'make asan                        build and test with AddressSanitizer and UndefinedBehaviorSanitizer'
	@echo 'make tsan                        build and test what has threads with ThreadSanitizer'
	@echo 'make fuzz                        build the fuzz targets and run each for FUZZ_SECONDS, 60'
	@echo 'make gcc                         have g++ check what clang builds, but for the tests'
	@echo 'make neon                        the same bits on ARM64: cross-compile the device and test it under emulation'

# Standard output is the result alone, so that `make run ... > story.txt` works.
run: check-model setup
	@{ cmake --preset release && cmake --build --preset release --target driftwood; } >&2
	@exec build/release/driftwood run $${MODEL:+--model "$$MODEL"} -- "$$PROMPT"

check-model:
	@[ -z "$$MODEL" ] || [ -d "$$MODEL" ] || { echo "make run: MODEL: there is no folder \"$$MODEL\"." >&2; exit 1; }

test: setup
	cmake --preset release
	cmake --build --preset release
	ctest --preset release

asan: setup
	cmake --preset asan
	cmake --build --preset asan
	ctest --preset asan

tsan: setup
	cmake --preset tsan
	cmake --build --preset tsan
	ctest --preset tsan

fuzz: setup
	cmake --preset fuzz
	cmake --build --preset fuzz
	tools/fuzz build/fuzz $(FUZZ_SECONDS)

gcc: setup
	cmake --preset release
	tools/check_gcc build/release

neon: setup
	@tools/setup --neon
	cmake --preset neon
	cmake --build --preset neon
	ctest --preset neon

setup:
	@tools/setup
