# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# The usual tasks.  CMake does the work.  These targets also install the missing packages on Debian
# and Ubuntu.  `make help` lists them.

PREFIX ?= /usr/local
DESTDIR ?=
DEV := build/dev
RELEASE := build/release
CMAKE_QUIET := --log-level=WARNING
# Tests that run at the same time: many of them wait for a server.
JOBS ?= $(shell expr 2 + 2 \* `nproc`)

.DEFAULT_GOAL := help
.PHONY: help demo demo-ruby test test-deb test-image image test-debian-13 test-ubuntu-24.04 test-ubuntu-26.04 test-musl check-long check-abi check-reproducible check-model soak bench bench-details bench-proxy test-asan test-tsan build install dist deb format lint fuzz clean dependencies

help: ## list these targets
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 25

demo: build ## start a local cluster and run the preferred example against it
	@scripts/demo $(RELEASE)

demo-ruby: build ## the same as demo, with the Ruby gem
	@scripts/build-gem $(RELEASE)
	@scripts/with-gem $(RELEASE) none scripts/demo $(RELEASE) \
		ruby examples/ruby/src/example_preferred.rb

test: dependencies ## build and run all tests
	@cmake --preset dev $(CMAKE_QUIET) >/dev/null
	@cmake --build --preset dev
	@ctest --preset dev -j $(JOBS)

check-long: dependencies ## tests that take minutes: random histories, crashes, PostgreSQL's own tests
	@cmake --preset dev $(CMAKE_QUIET) >/dev/null
	@cmake --build --preset dev
	@ctest --test-dir $(DEV) -L long --output-on-failure --no-tests=error -j $(JOBS)

check-abi: dependencies ## compare the ABI of libdsql with that of the last version
	@cmake --preset release $(CMAKE_QUIET) -DDSQL_BUILD_TESTS=OFF >/dev/null
	@cmake --build --preset release --target src/libdsql.so
	@scripts/check-abi $(RELEASE)/src/libdsql.so

check-reproducible: ## build what is committed twice, and compare the bytes
	@scripts/check-reproducible

check-model: ## check the model of COMMIT with the model checker spin
	@tests/model/check

test-asan: dependencies ## all tests with the address, leak and undefined behaviour sanitizers
	@cmake --preset asan $(CMAKE_QUIET) >/dev/null
	@cmake --build --preset asan
	@ctest --preset asan

test-tsan: dependencies ## the tests that use threads, with the thread sanitizer
	@cmake --preset tsan $(CMAKE_QUIET) >/dev/null
	@cmake --build --preset tsan
	@ctest --preset tsan

test-musl: ## the unit tests of libdsql and the command with musl (needs musl-tools)
	@scripts/test-musl

test-debian-13: ## all tests in a Debian 13 chroot: PostgreSQL 17, Ruby 3.3 (needs root)
	@scripts/test-release debian-13

test-ubuntu-24.04: ## all tests in an Ubuntu 24.04 chroot: PostgreSQL 16 (needs root)
	@scripts/test-release ubuntu-24.04

test-ubuntu-26.04: ## all tests in an Ubuntu 26.04 chroot: PostgreSQL 18 (needs root)
	@scripts/test-release ubuntu-26.04

test-deb: ## build the Debian packages, install them in a bare Debian 12 and 13, run their tests (needs root)
	@scripts/test-deb bookworm
	@scripts/test-deb trixie

image: ## build a container image of a local cluster: Debian 13, PostgreSQL 17 (needs root)
	@scripts/make-image

test-image: ## run that image with runc and connect to it from outside (needs root)
	@scripts/test-image

build: dependencies ## build the library and the command, optimised
	@cmake --preset release $(CMAKE_QUIET) -DDSQL_BUILD_TESTS=OFF \
		-DCMAKE_INSTALL_PREFIX=$(PREFIX) >/dev/null
	@cmake --build --preset release

install: build ## install into PREFIX (default /usr/local); honours DESTDIR
	@DESTDIR=$(DESTDIR) cmake --install $(RELEASE)

dist: ## make the source archive of what is committed, in build/dist
	@scripts/make-dist

deb: ## build Debian packages of what is committed, in build/deb
	@scripts/make-deb

soak: dependencies ## half an hour (SOAK_MINUTES) of kills, cuts and clock jumps; sums exact, counters flat
	@cmake --preset dev $(CMAKE_QUIET) >/dev/null
	@cmake --build --preset dev
	@tests/chaos/soak $(DEV)

bench: build ## measure beside other implementations, about 25 minutes (ROWS='pool token': a part; QUICK=1: a trial)
	@bench/run $(if $(QUICK),--quick) $(RELEASE) $(ROWS)

bench-details: build ## what a commit and a checkout cost in more detail, as tables
	@extension/test/with_server $(RELEASE)/extension $(RELEASE)/bench/bench_occ_commit_cost
	@! command -v valgrind >/dev/null || extension/test/with_server $(RELEASE)/extension bench/occ_instructions
	@extension/test/with_server $(RELEASE)/extension $(RELEASE)/bench/bench_occ_old_snapshot
	@extension/test/with_server $(RELEASE)/extension $(RELEASE)/bench/bench_pool_checkout

bench-proxy: build ## compare `dsql proxy` with pgbouncer (QUICK=1: a part of it, in three minutes)
	@bench/proxy $(if $(QUICK),--quick) $(RELEASE)

fuzz: dependencies ## fuzz each parser for 30 seconds
	@cmake --preset fuzz $(CMAKE_QUIET) >/dev/null
	@cmake --build --preset fuzz
	@scripts/fuzz build/fuzz 30

format: ## format the sources in place
	@git ls-files '*.c' '*.h' | xargs clang-format-14 -i

lint: dependencies ## check format, includes, banned functions, shell, spelling, clang-tidy
	@scripts/lint

dependencies:
	@scripts/install-dependencies

clean: ## remove build/
	@rm -rf build
