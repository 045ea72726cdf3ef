# Run `make` for a list of what can be done.

# Tools at the versions that CI uses. They live in .bin and not in go.mod, to
# which golangci-lint alone would add over two hundred modules.
GOLANGCI_LINT_VERSION := v2.15.0
GOFUMPT_VERSION       := v0.12.0
GOIMPORTS_VERSION     := v0.52.0

GO   ?= go
BIN  := $(CURDIR)/.bin
LINT := $(BIN)/golangci-lint-$(GOLANGCI_LINT_VERSION)
GOFUMPT   := $(BIN)/gofumpt-$(GOFUMPT_VERSION)
GOIMPORTS := $(BIN)/goimports-$(GOIMPORTS_VERSION)

# Where goroutines share state. The race detector is slow, and finds nothing in
# code that has one goroutine.
RACE_DIRS := eventstore projections writeapi readapi live
RACE_PKGS ?= $(patsubst %,./%/...,$(wildcard $(RACE_DIRS)))

# For example: make test TESTFLAGS='-run Append -v' PKGS=./eventstore/...
PKGS      ?= ./...
TESTFLAGS ?=

# Two packages at a time, however many cores there are: each may run a PostgreSQL
# and a NATS server, and its own tests run in parallel as well.
GOTEST := $(GO) test -p 2

# Nothing needs C but the race detector.
export CGO_ENABLED := 0

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build the programs into .bin
	@mkdir -p $(BIN)
	@$(GO) build -trimpath -o $(BIN)/ ./cmd/...

.PHONY: test
test: ## Vet, and run every test, with a throwaway PostgreSQL
	@$(GO) vet $(PKGS)
	@$(GOTEST) $(TESTFLAGS) $(PKGS)
	@# A skipped test is an ok line like any other: say it.
	@$(GO) test -count=1 -v -run '^TestNewMakesAnEmptyDatabase$$' ./internal/pgtest | sed -n 's/.*SKIPPED, /No test used PostgreSQL: /p'

.PHONY: test-short
test-short: ## Run the tests that are quick
	@$(GOTEST) -short $(TESTFLAGS) $(PKGS)

.PHONY: test-race
test-race: ## Run the tests of concurrent code under the race detector (needs a C compiler)
	@CGO_ENABLED=1 $(GOTEST) -race $(TESTFLAGS) $(RACE_PKGS)

.PHONY: bench
bench: ## Measure the server (ARGS=-help for what can be chosen)
	@$(GO) run ./cmd/bench $(ARGS)

.PHONY: lint
lint: $(LINT) ## Check form, likely bugs and the directions of imports
	@$(LINT) run $(PKGS)

.PHONY: fmt
fmt: $(GOIMPORTS) $(GOFUMPT) ## Format the code
	@$(GOIMPORTS) -local github.com/kintolog/kintolog -w .
	@$(GOFUMPT) -w .

.PHONY: demo
demo: ## See it work: a server, clients, and events as they happen
	@./examples/demo/demo.sh

# $(call install,PACKAGE,VERSION) puts a tool at the path of the target, whose
# name has the version: another version is another file, and so gets installed.
define install
	@echo "installing $(notdir $@)"
	@mkdir -p $(BIN)
	@GOBIN=$(BIN) $(GO) install -trimpath -ldflags='-s -w' $(1)@$(2)
	@mv $(BIN)/$(notdir $(1)) $@
endef

$(LINT):
	$(call install,github.com/golangci/golangci-lint/v2/cmd/golangci-lint,$(GOLANGCI_LINT_VERSION))

$(GOFUMPT):
	$(call install,mvdan.cc/gofumpt,$(GOFUMPT_VERSION))

$(GOIMPORTS):
	$(call install,golang.org/x/tools/cmd/goimports,$(GOIMPORTS_VERSION))
