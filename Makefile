# make help lists the targets. make test is what CI runs; it needs Go and nothing else.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

ifndef STARTED
STARTED := $(shell date +%s)
endif
export STARTED
# A checkout that belongs to another user has no version to stamp.
export GOFLAGS := $(GOFLAGS) -buildvcs=false

STEP    := internal/tools/step.sh
MODULES := $(sort $(dir $(shell find . -mindepth 2 -name go.mod -not -path '*/testdata/*' -not -path './internal/tools/*')))

# The race detector would instrument SQLite, which is C translated to Go, and make it 25
# times slower; nothing is gained, since a connection is used by one goroutine at a time.
RACE    := -race -gcflags=github.com/ncruces/go-sqlite3-wasm/v6=-race=false
# What builds for the browser.
WASM    := . ./async/... ./models/... ./pool/... ./wasm/... ./internal/driver/... ./internal/backend ./internal/dialect ./internal/schema ./internal/link ./internal/opfs ./internal/promise
# Where tests are for the browser alone, and what has other sources there; all others are
# checked for this machine.
JSTESTS := ./wasm ./internal/opfs ./internal/promise
JSVET   := . ./internal/backend ./internal/driver/sqlite $(JSTESTS)
MODULE  := github.com/spillwaydb/spillway
# Where many callers meet; the other packages with benchmarks.
CROWDED := . ./async ./integration ./internal/modeltest ./models ./pool
BENCHED := ./internal/driver/... ./internal/testdb
LANED   ?= ./...
BENCH   ?= .
ONLY    ?=
# Two of the peers would register the same name with database/sql.
BENCHPEERS := -tags ncruces -ldflags '-X github.com/ncruces/go-sqlite3/driver.driverName=ncruces'
FUZZTIME ?= 30s
KILLS    ?= 50
CHAOS    ?= 2400000

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

.PHONY: test
test: ## Everything: install what is missing, lint, build, tests without lanes, all tests with the race detector
	@$(STEP) "install what is missing" internal/tools/install.sh bench
	@$(MAKE) --no-print-directory lint build
	@$(MAKE) --no-print-directory lanes LANED='$(CROWDED)'
	@$(STEP) "the other benchmarks, once each" go test -run '^$$' -bench . -benchtime 1x -timeout 5m $(BENCHED)
	@$(MAKE) --no-print-directory race

.PHONY: install
install: ## Install compiler, Postgres and Chromium (apt; root or sudo)
	@internal/tools/install.sh

.PHONY: tools
tools:
	@cd internal/tools && go build -o ../../bin/ tool

.PHONY: fmt
fmt: tools ## Format all Go files
	@bin/gofumpt -w .

.PHONY: lint
lint: ## gofumpt, go vet and staticcheck, for this machine and for the browser
	@$(STEP) "lint: build the tools" $(MAKE) --no-print-directory tools
	@$(STEP) "lint: gofumpt" bash -c 'bad=$$(bin/gofumpt -l .); [ -z "$$bad" ] || { echo "not formatted (make fmt):" >&2; echo "$$bad" >&2; exit 1; }'
	@$(STEP) "lint: go vet" go vet ./...
	@$(STEP) "lint: go vet, js/wasm" env GOOS=js GOARCH=wasm go vet $(JSVET)
	@$(STEP) "lint: staticcheck" bin/staticcheck ./...
	@$(STEP) "lint: staticcheck, js/wasm" env GOOS=js GOARCH=wasm bin/staticcheck -tests=false $(WASM)
	@$(STEP) "lint: staticcheck, tests for js/wasm" env GOOS=js GOARCH=wasm bin/staticcheck $(JSTESTS)
	@for m in $(MODULES); do \
		$(STEP) "lint: go vet and staticcheck in $$m" bash -c "cd $$m && go vet ./... && $(CURDIR)/bin/staticcheck ./..."; \
	done

.PHONY: build
build: ## Build without a C compiler, and for the browser
	@$(STEP) "build without cgo" env CGO_ENABLED=0 go build ./...
	@$(STEP) "build for the browser" env GOOS=js GOARCH=wasm go build $(WASM)

# A nested module's tests build sources that go test does not see, so a cached result says
# nothing there. They are run without the detector: the benchmarks' peers hold a second
# SQLite in Go, the browser has no detector, and what is raced is tested in this module.
.PHONY: race
race: ## Tests of this module with the race detector, and of the other modules
	@for m in $(MODULES); do \
		$(STEP) "tests in $$m" bash -c "cd $$m && go test -count=1 -timeout 15m ./..."; \
	done
	@$(STEP) "tests with the race detector" go test $(RACE) -p 2 -timeout 15m ./...

# The lanes are closed by the linker, so nothing is compiled again for it. What works with
# one connection at a time has nothing to share: make test leaves that out here. The chaos
# opens and closes them itself.
.PHONY: lanes
lanes: ## Tests with the lanes closed (LANED=packages), and each benchmark once
	@$(STEP) "tests with the lanes closed, benchmarks once each" go test -ldflags '-X $(MODULE)/pool.lanes=off' -skip '^TestChaos$$' -bench . -benchtime 1x -p 2 -timeout 10m $(LANED)

.PHONY: short
short: ## Tests of this module without the race detector: fast, while working
	@go test -timeout 5m ./...

.PHONY: wasm
wasm: ## Vet and build for the browser
	@GOOS=js GOARCH=wasm go vet $(WASM)
	@GOOS=js GOARCH=wasm go build $(WASM)

.PHONY: browser
browser: ## Tests in headless Chromium
	@cd integration/browser && go test -count=1 -timeout 10m ./...

.PHONY: integration
integration: ## Tests of the whole: real servers, faults
	@go test $(RACE) -timeout 10m ./integration/...

.PHONY: kill
kill: ## kill -9 of a process that writes, for each database, and of a Postgres server, KILLS (50) times
	@SPILLWAY_TEST_KILLS=$(KILLS) go test -count=1 -timeout 30m -v -run TestAKilled ./integration

.PHONY: chaos
chaos: ## Millions of operations while connections die and statements fail (CHAOS=number)
	@SPILLWAY_CHAOS='$(CHAOS)' go test -count=1 -timeout 60m -run 'TestChaos$$' -v ./integration

.PHONY: bench
bench: ## Spillway and its peers side by side (ONLY=name)
	@cd integration/bench && go run $(BENCHPEERS) . -only '$(ONLY)'

.PHONY: bench-install
bench-install: ## Install what make bench compares to (SQLModel; apt)
	@internal/tools/install.sh bench

.PHONY: micro
micro: ## Benchmarks of single parts (BENCH=pattern)
	@go test -run '^$$' -bench '$(BENCH)' -benchmem ./...

.PHONY: fuzz
fuzz: ## Every fuzz test for FUZZTIME (30s)
	@internal/tools/fuzz.sh $(FUZZTIME)

.PHONY: demo
demo: ## Index the Go standard library into SQLite and report
	@go run ./cmd/spillway demo
