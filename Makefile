# make run serves, make test passes the tests; make help lists the rest.

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
EPOCH   := $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
BIN     := bin/mockpay
# Without HTTP/2, which nothing here talks: half a megabyte.
TAGS    := -tags nethttpomithttp2
# The rows of the bench that make profile watches.
PROFILED := .
ARGS    :=
# How long a fuzz test looks, and which ones do.
FUZZTIME := 30s
FUZZ     :=

.PHONY: help run build test lint need bench microbench fuzz profile image picture release release-check clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile

run: build ## serve on 127.0.0.1:4402; make run ARGS="--scenario instant"
	@$(BIN) serve $(ARGS)

build: ## the static release binary, bin/mockpay
	CGO_ENABLED=0 go build $(TAGS) -trimpath -buildvcs=false -ldflags '-s -w -X main.version=$(VERSION)' -o $(BIN) ./cmd/mockpay

test: lint ## everything that must pass: lint, then all tests with the race detector
	CGO_ENABLED=1 go test -race -timeout 10m ./...
	go -C tools test ./...

fuzz: ## every fuzz test for 30 s each; make fuzz FUZZTIME=5s, FUZZ=Mask for those of that name
	@FUZZTIME=$(FUZZTIME) FUZZ='$(FUZZ)' tools/fuzz.sh

lint: need ## gofmt, go vet, staticcheck, and go.mod files that are tidy
	@unformatted=$$(gofmt -l .) && test -z "$$unformatted" || { echo "gofmt would change: $$unformatted" >&2; exit 1; }
	go vet ./...
	go tool -modfile=tools/go.mod staticcheck ./...
	go mod tidy -diff
	go -C tools vet ./...
	go -C tools tool staticcheck ./...
	go -C tools mod tidy -diff

need: # what the tests need and this machine may lack
	@tools/need.sh

bench: build ## the release binary beside a bare handler: speed, start, memory; make bench ARGS="-seconds 1"
	CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '-s -w' -o bin/baseline ./bench/baseline
	go run ./bench -binary $(BIN) -baseline bin/baseline $(ARGS)

microbench: ## Go benchmarks of the parts
	go test -run '^$$' -bench . -benchmem ./...

profile: ## where the time goes under the loads of the bench, bin/profile.prof; make profile PROFILED=ach
	@rm -rf bin/profiles && mkdir -p bin/profiles
	CGO_ENABLED=0 go build -tags nethttpomithttp2,profile -trimpath -buildvcs=false -o bin/mockpay-profile ./cmd/mockpay
	CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '-s -w' -o bin/baseline ./bench/baseline
	PROFILES=bin/profiles go run ./bench -binary bin/mockpay-profile -baseline bin/baseline -only "$(PROFILED)" -seconds 3 -figures=false
	go tool pprof -proto -output=bin/profile.prof bin/profiles/*.prof

image: ## the container images, bin/mockpay-linux-*.tar for docker load; needs root and buildah, not Docker
	@VERSION=$(VERSION) tools/image.sh bin

picture: ## docs/flow.svg, the picture of README.md, from docs/flow.dot; needs Graphviz
	@tools/picture.sh

DIST      := dist
PLATFORMS := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
binaries   = $(PLATFORMS:%=$(abspath $(DIST))/.build/%/mockpay)

release: ## archives, bills of materials and checksums for all platforms, in dist/
	@rm -f $(DIST)/mockpay_*
	@for p in $(PLATFORMS); do \
		GOOS=$${p%/*} GOARCH=$${p#*/} $(MAKE) --no-print-directory build BIN=$(abspath $(DIST))/.build/$$p/mockpay || exit 1; \
	done
	@go -C tools run ./pack -version $(VERSION) -epoch $(EPOCH) -with ../LICENSE,../README.md -out $(abspath $(DIST)) $(binaries)
	@rm -r $(DIST)/.build

release-check: ## two builds of this commit, elsewhere and with nothing cached, are the same to the byte
	@tools/release-check.sh

clean: ## remove what was built
	rm -rf bin dist
