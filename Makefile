# The front door. `make help` lists what there is; every target sets up what it needs first.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.PHONY: help setup build generate dev test unit hand-overs series check lint types architecture apart coverage docs manifests bundle image-rootfs quick-start clean bench-setup bench bench-check bench-proxy bench-routing bench-hosts bench-protocols bench-tls bench-engines bench-metrics bench-change bench-rate bench-websockets bench-replacement bench-creation bench-class-change bench-cold-start bench-memory bench-controller-memory bench-start bench-pictures

mocha := node node_modules/mocha/bin/mocha.js --reporter test/totals-reporter.cjs
with_tools = export KUBECTL="$$(scripts/kubectl.sh)" PROMETHEUS="$$(scripts/prometheus.sh)" && test -n "$$KUBECTL" && test -n "$$PROMETHEUS" &&

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' Makefile

setup: ## Install what is missing: npm packages, nginx and its Lua module from Debian
	@scripts/setup.sh

build: setup ## Compile TypeScript for Node and for Lua into dist/
	@node scripts/prune-dist.mjs
	@node node_modules/typescript/bin/tsc
	@node scripts/build-lua.mjs
	@mkdir -p dist/bin && chmod +x dist/src/cli/main.js && ln -sf ../src/cli/main.js dist/bin/ingress-arbiter

generate: build ## Write what comes from sources: docs/metrics.md, docs/runbooks.md, dashboards, rules
	@node scripts/generate.mjs

dev: build ## Run it all on this machine, no cluster needed; Ctrl-C ends it (DEV_FLAGS="--help" for options)
	@exec node dist/src/cli/main.js dev $(DEV_FLAGS)

test: build ## Run all tests: unit, features on the dev cluster, end to end with the real nginx
	@$(with_tools) $(mocha) 'dist/test/**/*.test.js'

unit: build ## Run the tests that need neither kubectl, nginx nor Prometheus
	@$(mocha) 'dist/test/{unit,golden,architecture}/**/*.test.js'

hand-overs: build ## Move 500 Ingresses from class to class and back under load, every answer checked, and try random orders of events (HAND_OVERS, MODEL_RUNS: how many)
	@HAND_OVERS=$${HAND_OVERS:-500} MODEL_RUNS=$${MODEL_RUNS:-1000} $(mocha) dist/test/e2e/hand-over.test.js dist/test/e2e/hand-over-killed.test.js dist/test/unit/core/hand-over-model.test.js

series: build ## Show that 100,000 requests with random hosts, paths and methods leave the series of metrics as they were (SERIES_REQUESTS: how many)
	@$(with_tools) SERIES_REQUESTS=$${SERIES_REQUESTS:-100000} $(mocha) dist/test/e2e/metrics.test.js

check: lint types test ## The whole gate: build, lint, types, all tests (the architecture test is one of them)

lint: setup ## Check the sources with eslint
	@node node_modules/eslint/bin/eslint.js .

types: setup ## Check the types of everything, without writing anything
	@node node_modules/typescript/bin/tsc --noEmit --incremental false
	@node node_modules/typescript/bin/tsc --noEmit -p src/data-plane

architecture: build ## Check which folder imports which (docs/architecture.md)
	@$(mocha) 'dist/test/architecture/*.test.js'

apart: build ## Controllers and engines apart, told long: networks cut, Leases that end, 20 upgrades (root, 15 minutes)
	@$(with_tools) APART_LONG=1 $(mocha) 'dist/test/e2e/apart/*.test.js'

coverage: build ## Run all tests and write what they covered to coverage/
	@$(with_tools) node node_modules/c8/bin/c8.js --reporter text-summary --reporter html --src src --exclude 'test/**' $(mocha) 'dist/test/**/*.test.js'

docs: build ## Write docs/annotations.md from the registry of annotations
	@node scripts/write-annotations-document.mjs

bundle: build ## Write what goes into the images (image/Dockerfile) to dist/image
	@node scripts/bundle.mjs

image-rootfs: build ## Build image/Dockerfile with buildah and run the quick start on the images (root, debootstrap, buildah, network)
	@$(with_tools) scripts/image-rootfs.sh

quick-start: build ## The quick start of docs/install.md on a cluster of this machine (root)
	@$(with_tools) scripts/quick-start.sh

bench-setup: build ## Install what benchmarks compare with: haproxy, caddy, wrk, h2load, nghttpd, cc, valgrind (Debian; no service is started)
	@scripts/setup-bench.sh

bench: bench-check bench-proxy bench-routing bench-hosts bench-protocols bench-tls bench-engines bench-metrics bench-change bench-rate bench-websockets bench-replacement bench-creation bench-class-change bench-cold-start bench-memory bench-controller-memory bench-start bench-pictures ## All benchmarks, on a quiet machine: about two hours (docs/performance.md)

bench-check: bench-setup ## Instructions of a request against a static nginx; fails beyond the bound, on a busy machine too (1 minute)
	@node dist/bench/instructions.js $(BENCH_FLAGS)

# What the table of figures to reach is about; SCENARIOS="…" for others of bench/scenarios.
SCENARIOS ?= one-host hosts-10000 classes-4 haproxy-10000
bench-proxy: bench-setup ## Processor time of a request against other proxies (5 minutes a scenario with the default effort)
	@for one in $(SCENARIOS); do node dist/bench/proxy.js --starts 5 --rounds 10 $(BENCH_FLAGS) $$one || exit 1; done

bench-routing: bench-setup ## Processor time of requests to 100 paths a host, patterns with a rewrite, canaries, clients with a cookie (8 minutes)
	@node dist/bench/proxy.js --starts 5 --rounds 4 $(BENCH_FLAGS) paths-100 rewrites canaries cookies

bench-hosts: bench-setup ## Processor time of a request with 100,000 hosts against 10,000 (5 minutes)
	@node dist/bench/proxy.js --starts 5 --rounds 10 $(BENCH_FLAGS) hosts-100000

bench-protocols: bench-setup ## Processor time of requests over HTTP/2, gRPC calls, messages of WebSockets, downloads and uploads of 1 MiB (8 minutes)
	@node dist/bench/proxy.js --starts 2 --rounds 8 $(BENCH_FLAGS) h2 grpc websocket download upload

bench-tls: bench-setup ## Processor time of TLS handshakes, full and resumed, with 10,000 certificates (8 minutes)
	@node dist/bench/proxy.js --starts 5 --rounds 4 $(BENCH_FLAGS) handshakes handshakes-rsa resumptions

bench-engines: bench-setup ## Memory and processor time of two engines for two classes against a shared one (2 minutes)
	@node dist/bench/engines.js $(BENCH_FLAGS)

bench-metrics: bench-setup ## Processor time of a request with counting on against off
	@node dist/bench/proxy.js --starts 8 --rounds 6 $(BENCH_FLAGS) counting

bench-change: bench-setup ## What one change costs with 1,000, 10,000 and 100,000 Ingresses: times, processor time, bytes (5 minutes)
	@node dist/bench/change.js --ingresses 1000,10000,100000 $(BENCH_FLAGS)

bench-rate: bench-setup ## 1,000 and 5,000 changes a second at the engine, 1,000 at the API server, two classes at once, under load (4 minutes)
	@node dist/bench/rate.js $(BENCH_FLAGS)
	@node dist/bench/rate-from-api.js

bench-websockets: bench-setup ## 1,000 WebSockets across 10,000 changes of every kind (2 minutes)
	@node dist/bench/websockets.js $(BENCH_FLAGS)

bench-replacement: bench-setup ## Every endpoint of 100 Services replaced under load, three times (1 minute)
	@node dist/bench/replacement.js $(BENCH_FLAGS)

bench-creation: bench-setup ## 5,000 Ingresses made in 10 s under load, until all are served (1 minute)
	@node dist/bench/creation.js $(BENCH_FLAGS)

bench-class-change: bench-setup ## 1,000 Ingresses given to another class at once under load (2 minutes)
	@node dist/bench/class-change.js $(BENCH_FLAGS)

bench-cold-start: bench-setup ## Start of controller and engine with 10,000 and 100,000 Ingresses, memory, and the event loop in another list (4 minutes)
	@node dist/bench/cold-start.js --relist $(BENCH_FLAGS)

bench-memory: bench-setup ## Memory of 10,000 and 100,000 routes, and how soon an engine has them
	@node dist/bench/memory.js $(BENCH_FLAGS)

bench-controller-memory: build ## Heap of one Ingress in a controller: the objects, and what is decided
	@node dist/bench/controller-memory.js $(BENCH_FLAGS)

bench-start: build ## Ten starts of an engine from its disk with nobody to ask (5,000 routes)
	@APART_LONG=1 node node_modules/mocha/bin/mocha.js dist/test/e2e/apart/restart-from-disk.test.js

bench-pictures: build ## Draw docs/pictures/performance-*.svg from bench/results
	@node dist/bench/draw-results.js

manifests: setup ## Write manifests/install.yaml from the overlay internal-external
	@$(with_tools) scripts/render-manifests.sh >.work/install.yaml && mv .work/install.yaml manifests/install.yaml

clean: ## Remove what was built and what dev and the tests wrote (not node_modules)
	rm -rf dist coverage .work
