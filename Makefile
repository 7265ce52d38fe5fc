# The front door. Each target is one line that can also be typed by hand; `make` lists them.

.DEFAULT_GOAL := help
.PHONY: help run web test test-pages test-faults fmt lint deny bench bench-search bench-claims bench-board bench-bot bench-dispatch bench-subscriptions loadtest knee ratio idle slow openapi numbers docker schemathesis test-claims quality quality-dispatch replay

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: web ## Start a server with demo data: one file, nothing to install
	cargo run --release --bin peerpack -- demo

web: ## Build the pages of the Mini App (needs Node 20; without it the server runs without pages)
	scripts/pages.sh build

test: ## Run every check and test, with a throwaway Postgres and Redis at their side
	scripts/services.sh scripts/check.sh

test-pages: ## Try the Mini App in a real browser against the real server (needs Node 20 and Chromium)
	scripts/pages.sh browser

test-faults: ## Break everything at full size: crashes, freezes, lost messages, crowds, random bytes (docs/faults.md)
	PEERPACK_TEST_CROWD=5000 PEERPACK_TEST_LONG=1 PEERPACK_TEST_FUZZ_S=600 scripts/services.sh \
		cargo nextest run --profile long --workspace --locked --no-fail-fast \
		-E 'test(faults::) | test(x_73) | test(f45_) | test(f48_a_crowd) | test(killed::)'

test-claims: ## Let 50 couriers accept one package, or one order, at once, 1000 times, on both stores
	PEERPACK_CLAIM_ROUNDS=1000 scripts/services.sh cargo nextest run --profile long --locked --lib --test it claims::

fmt: ## Format the code
	cargo fmt --all

lint: ## Run clippy as the checks do
	cargo clippy --workspace --all-targets --locked -- -D warnings

deny: ## Check licences, bans and sources of the dependencies (builds cargo-deny first if it is missing)
	@cargo deny --version >/dev/null 2>&1 || cargo install --locked cargo-deny
	cargo deny --locked check licenses bans sources

bench: ## Measure the matching beside PostGIS and Redis (docs/bench-matching.md)
	scripts/bench.sh

bench-search: ## Measure the search for couriers on 100 000 live trips
	cargo bench --locked --bench couriers

bench-claims: ## Measure claims with the reward held, beside a plain transaction, on both stores
	scripts/services.sh cargo bench --locked --bench claims

bench-board: ## Measure 5 000 reads a second of the board beside 50 changes
	cargo bench --locked --bench board

bench-bot: ## Measure how long an event takes to the Bot API (a stub), 200 a second
	cargo bench --locked --bench bot

bench-dispatch: ## Measure candidates among 10 000 couriers on duty, and positions taken in
	cargo bench --locked --bench dispatch

bench-subscriptions: ## Measure publications beside 100 000 standing questions
	cargo bench --locked --bench subscriptions

loadtest: ## Put load on a server and let the oracle judge the outcome
	scripts/loadtest.sh

knee: ## Find the rate up to which the thresholds of the load test hold
	scripts/loadtest.sh find-knee --duration-s 20

ratio: ## Play the main job on a plain server and on PeerPack, on one throwaway Postgres, and compare
	scripts/loadtest.sh ratio --duration-s 30

idle: ## Measure what an idle socket costs the server
	scripts/loadtest.sh idle

slow: ## Measure what a socket that is not read costs everybody else
	scripts/loadtest.sh slow

quality: ## Measure the matching against the hindsight optimum, and write docs/quality.md
	scripts/quality.sh

quality-dispatch: ## Play the dispatch in a town with couriers on duty, and write docs/quality-dispatch.md
	scripts/quality-dispatch.sh

schemathesis: ## Ask a throwaway server everything that the API description allows, many times (needs PyPI)
	scripts/schemathesis.sh long

replay: ## Replay what real people and clients do, on SQLite and on Postgres, beside the right answers
	scripts/replay.sh

openapi: ## Write the descriptions of API and socket to docs
	@mkdir -p docs
	cargo run --locked --quiet --bin peerpack -- schema > docs/realtime.schema.json.new && mv docs/realtime.schema.json.new docs/realtime.schema.json
	cargo run --locked --quiet --bin peerpack -- openapi > docs/openapi.json.new && mv docs/openapi.json.new docs/openapi.json

numbers: ## Write the register of numbers and their tests anew (docs/numbers.md)
	PEERPACK_WRITE_DOCS=1 cargo test --workspace --locked --test documents

docker: ## Build the image and start Postgres, Redis and the server (secrets from .env)
	docker compose up --build
