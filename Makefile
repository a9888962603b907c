# make run serves, make test passes the tests; make help lists the rest.

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
BIN     := bin/mockpay
ARGS    :=

.PHONY: help run build test lint need bench microbench clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile

run: build ## serve on 127.0.0.1:4402; make run ARGS="--scenario instant"
	@$(BIN) serve $(ARGS)

build: ## the static release binary, bin/mockpay
	CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '-s -w -X main.version=$(VERSION)' -o $(BIN) ./cmd/mockpay

test: lint ## everything that must pass: lint, then all tests with the race detector
	CGO_ENABLED=1 go test -race -timeout 3m ./...

lint: need ## gofmt, go vet, staticcheck, and a go.mod that is tidy
	@unformatted=$$(gofmt -l .) && test -z "$$unformatted" || { echo "gofmt would change: $$unformatted" >&2; exit 1; }
	go vet ./...
	go tool -modfile=tools/go.mod staticcheck ./...
	go mod tidy -diff

need: # what the tests need and this machine may lack
	@tools/need.sh

bench: build ## the release binary beside a bare handler: speed, start, memory; make bench ARGS="-seconds 1"
	CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '-s -w' -o bin/baseline ./bench/baseline
	go run ./bench -binary $(BIN) -baseline bin/baseline $(ARGS)

microbench: ## Go benchmarks of the parts
	go test -run '^$$' -bench . -benchmem ./...

clean: ## remove what was built
	rm -rf bin
