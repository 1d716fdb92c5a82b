# Each target is one line of what it is for; the logic lives in Rust.
# All set up what they need first: `.ci/setup` says what it installs.
.PHONY: demo night test check pi pi-test bench eval setup-demo setup-test setup-pi setup-eval \
  setup-pi-test help
HOMES ?= 12
LISTEN ?= 127.0.0.1:8080
RUN = target/debug/nattsyn-hub

help: ## what there is to make
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 14

demo: setup-demo ## tonight in twelve homes, in fast time, on a page at http://127.0.0.1:8080
	cargo build --workspace --bins
	$(RUN) demo --homes $(HOMES) --listen $(LISTEN) --linger 90 $(if $(FRAMES),--frames $(FRAMES))

night: setup-demo ## one night printed as a table: make night [HOMES=12] [FRAMES=a/folder/of/pictures]
	cargo build --workspace --bins
	$(RUN) demo --once --homes $(HOMES) --listen 127.0.0.1:0 $(if $(FRAMES),--frames $(FRAMES))

test: setup-test ## everything that must hold, with a real broker, database and browser
	cargo test --workspace

check: setup-test ## what must hold of the text itself: format, lints, the unit's own features
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo clippy -p nattsyn-detector --features pi -- -D warnings
	cargo clippy -p nattsyn-detector --all-targets --no-default-features -- -D warnings

pi: setup-pi ## two packages for 64-bit Raspberry Pi OS, in dist/
	detector/debian/build

pi-test: setup-pi-test ## the package on an emulated Raspberry Pi: installed, killed, without power (root; 20 minutes)
	detector/debian/build
	cargo build --workspace --bin nattsyn-pi-test --bin nattsyn-hub
	tests/pi/image target/pi/board "$$PWD/$$(ls dist/nattsyn-unit_*_arm64.deb)" tests/pi/unit
	tests/pi/modules target/pi/board
	target/debug/nattsyn-pi-test target/pi/board

bench: setup-demo ## how fast, as ratios in one run
	cargo bench -p nattsyn-benches

eval: setup-eval ## how well the model sees: NATTSYN_DATA=folder of real frames [PEERS=folder of detectors] [RESEARCH=a second network]
	cargo build --release -p nattsyn-detector --bin nattsyn-score
	cargo build --release -p nattsyn-scenes --bin nattsyn-scenes
	cd models/evaluation && ../../target/eval/venv/bin/python -m unittest -q
	target/eval/venv/bin/python models/evaluation/evaluate.py --data "$(NATTSYN_DATA)" \
	  --peers "$(PEERS)" --programs target/release --out target/eval \
	  $(if $(PICTURES),--pictures $(PICTURES)) $(if $(RESEARCH),--research $(RESEARCH))

setup-demo:
	@.ci/setup demo

setup-test:
	@.ci/setup test

setup-pi:
	@.ci/setup pi

setup-pi-test:
	@.ci/setup pi-test

setup-eval:
	@test -f "$(NATTSYN_DATA)/frames.csv" || { echo "eval: set NATTSYN_DATA to the folder of real" \
	  "frames, with frames.csv and frames/ in it; it is '$(NATTSYN_DATA)'" >&2; exit 2; }
	@.ci/setup eval
