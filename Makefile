# Tillgate. `make help` lists the targets.
SHELL := /bin/sh
TOOLCHAIN := boards/toolchain
BOARDS := $(wildcard boards/*/board.ini)
PEERS := .build-peers
ARGS ?=
SEED ?= 1
SEEDS ?= 20000
SECONDS_EACH ?= 20
KILLS ?= 200
# Of `make crash`; a new one each time if not given.
CRASH_SEED ?=
# How often `make vm-test` cuts the power; the claim of fifty is `make vm-test CUTS=50`.
CUTS ?= 8
BOARD ?= qemu
ARCH ?=
DEV ?=

.PHONY: help run test unit peers kit arm64 heap sandbox crash log-bench replay check firmware boards-check bench \
  vm-test vm-bench vm-parts image flash image-test image-parts \
  deb deb-test kit-deb systemd-test systemd-score magstripe-million magstripe-table dukpt-all mixed gpiod2 sim soak fuzz \
  lint format clean

help: ## list the targets
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 20

run: ## a virtual kiosk: swipes test cards through the real firmware (ARGS=--interactive to swipe)
	@$(TOOLCHAIN)/install run
	@$(TOOLCHAIN)/firmware x86_64
	@swift build --quiet --product bench
	@.build/debug/bench kiosk --firmware .build-fw/x86_64/tillgate $(ARGS)

test: unit arm64 heap sandbox replay peers ## everything that must pass before a commit

unit: firmware ## the Swift suites, the firmware among them
	swift build --build-tests
	swift test --skip-build

arm64: firmware ## the arm64 firmware answers under an emulated processor
	Tests/arm64

heap: unit ## the loop and the capture ask the C library for no memory
	Tests/heap

crash: $(PEERS)/ready firmware ## kills -9 program and register at random moments, KILLS=200 times
	$(PEERS)/bin/python Tests/Crash/crash.py .build-fw/x86_64/tillgate $(KILLS) $(CRASH_SEED)

log-bench: $(PEERS)/ready firmware ## start to first tick with a log of 100,000 records, beside a short one
	$(PEERS)/bin/python Tests/Crash/start.py .build-fw/x86_64/tillgate

sandbox: unit ## every thread of the running firmware is inside its walls, and works there
	.build/debug/bench sandbox

replay: ## the same seed gives the same transcript in both builds
	@$(TOOLCHAIN)/install test
	Tests/replay

kit: ## the register kit for programs in C and other languages, in .build-kit/ (ARCH=arm64)
	@$(TOOLCHAIN)/install test
	$(TOOLCHAIN)/kit $(or $(ARCH),x86_64)

peers: $(PEERS)/ready firmware kit ## software that nobody here wrote judges our bytes
	swift build --product peerport
	swift build --product bench
	PEERPORT=.build/debug/peerport BENCH=.build/debug/bench FIRMWARE=.build-fw/x86_64/tillgate \
	  KIT=.build-kit/x86_64 \
	  $(PEERS)/bin/python -m pytest -q Tests/peers

$(PEERS)/ready: Tests/peers/requirements.txt
	@$(TOOLCHAIN)/install test
	python3 -m venv $(PEERS)
	$(PEERS)/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

check: lint firmware boards-check ## formatting, both builds, every board, the tidy rules
	swift build --build-tests
	swift test --skip-build --filter TidyTests

firmware: ## allocation-free static programs for x86_64 and arm64, in .build-fw/
	@$(TOOLCHAIN)/install test
	$(TOOLCHAIN)/firmware x86_64
	$(TOOLCHAIN)/firmware arm64

boards-check: firmware
	.build-fw/x86_64/tillgate check $(BOARDS)

sim: ## 2,000 seeded worlds in which everything goes wrong: every promise must hold
	swift build -c release --product bench
	.build/release/bench simulate --seed $(SEED) --seeds 2000 --jobs 2 $(ARGS)

soak: ## the same for as long as you like: SEEDS=20000 SEED=1 ARGS="--jobs 2"
	swift build -c release --product bench
	.build/release/bench simulate --seed $(SEED) --seeds $(SEEDS) $(ARGS)

bench: ## every number we claim, beside a reference in the same run
	@$(TOOLCHAIN)/install bench
	$(TOOLCHAIN)/firmware x86_64
	swift build -c release --product bench
	swift build -c release --product reference-loop
	.build/release/bench all --firmware .build-fw/x86_64/tillgate $(ARGS)

mixed: ## 10,000 transactions of every kind and method at several kiosks, every end compared
	@$(TOOLCHAIN)/install bench
	$(TOOLCHAIN)/firmware x86_64
	swift build -c release --product bench
	.build/release/bench mixed --firmware .build-fw/x86_64/tillgate $(ARGS)

deb: firmware ## Debian packages for amd64 and arm64, in .build-deb/
	@$(TOOLCHAIN)/install package
	boards/debian/build amd64
	boards/debian/build arm64

deb-test: deb systemd-score ## lintian; installed, started, upgraded, removed and purged in a Debian of its own
	Tests/deb

kit-deb: ## Debian packages of the register kit, by lintian and by a program that is built with them
	@$(TOOLCHAIN)/install test
	@$(TOOLCHAIN)/install package
	$(TOOLCHAIN)/kit x86_64
	$(TOOLCHAIN)/kit arm64
	boards/debian/kit amd64
	boards/debian/kit arm64
	Tests/kit-deb

systemd-test: deb ## the packaged service under the real systemd, in a virtual machine
	@$(TOOLCHAIN)/install vm
	$(TOOLCHAIN)/kernel amd64 .build-vm/kernel
	$(TOOLCHAIN)/firmware x86_64 guest
	nice Tests/Systemd/run

systemd-score: ## what systemd makes of the unit's walls
	@$(TOOLCHAIN)/install package
	boards/debian/score

vm-test: vm-parts ## the firmware on a stock kernel in virtual machines: x86_64 and arm64, libgpiod 1.6 and 2
	nice Tests/VM/run suite amd64 1
	nice Tests/VM/run cuts amd64 1 $(CUTS)
	nice Tests/VM/run suite arm64 2
	nice Tests/VM/run raspi arm64 1

vm-bench: vm-parts ## swipes, latency and memory where the clock goes by instructions
	nice Tests/VM/run speed amd64 1
	nice Tests/VM/run speed amd64 2
	nice Tests/VM/run speed arm64 1
	nice Tests/VM/run speed arm64 2

vm-parts:
	@$(TOOLCHAIN)/install test
	@$(TOOLCHAIN)/install vm
	$(TOOLCHAIN)/kernel amd64 .build-vm/kernel
	$(TOOLCHAIN)/kernel arm64 .build-vm/kernel
	GPIOD=2 $(TOOLCHAIN)/firmware x86_64
	GPIOD=2 $(TOOLCHAIN)/firmware arm64
	$(TOOLCHAIN)/firmware x86_64 guest
	$(TOOLCHAIN)/firmware arm64 guest

image: image-parts ## a bootable appliance image: BOARD=qemu|raspberry-pi-3|…, ARCH if there is a choice
	$(TOOLCHAIN)/image $(BOARD) $(ARCH)

flash: ## writes the image of BOARD to DEV (a card), and reads it back: make flash BOARD=… DEV=/dev/sdX
	@test -n "$(DEV)" || { echo "flash: say where to: make flash BOARD=$(BOARD) DEV=/dev/sdX" >&2; exit 2; }
	@$(TOOLCHAIN)/flash "$$(ls -t .build-image/$(BOARD)-*/tillgate.img | head -n 1)" "$(DEV)"

image-test: image-parts ## boots images, updates them, breaks a slot and goes back; every refusal of flash
	@$(TOOLCHAIN)/install image-test
	$(TOOLCHAIN)/firmware x86_64 guest
	Tests/Image/flash
	$(TOOLCHAIN)/image qemu amd64
	nice Tests/Image/run amd64
	$(TOOLCHAIN)/image qemu arm64
	nice Tests/Image/run arm64 short
	$(TOOLCHAIN)/image raspberry-pi-3

image-parts:
	@$(TOOLCHAIN)/install vm
	@$(TOOLCHAIN)/install image
	$(TOOLCHAIN)/kernel amd64 .build-vm/kernel
	$(TOOLCHAIN)/kernel arm64 .build-vm/kernel
	$(TOOLCHAIN)/firmware x86_64
	$(TOOLCHAIN)/firmware arm64

magstripe-table: ## read rate against speed, jitter and acceleration
	swift build -c release --product bench
	.build/release/bench magstripe table $(ARGS)

magstripe-million: ## a million noisy swipes: none may be read wrongly
	swift build -c release --product bench
	.build/release/bench magstripe trial --swipes 1000000 $(ARGS)

dukpt-all: ## every TDES DUKPT counter, device side against host side
	swift build -c release --product peerport
	.build/release/peerport dukpt-all

gpiod2: ## the GPIO code against libgpiod 2 as well
	Tests/CGPIO/check

fuzz: ## every parser of outside bytes, SECONDS_EACH=20 each
	Tests/Fuzz/build
	Tests/Fuzz/run $(SECONDS_EACH)

lint:
	swift format lint --strict --recursive Sources Tests Package.swift

format: ## rewrite the sources in the house format
	swift format --in-place --recursive Sources Tests Package.swift

clean: ## remove everything that was built
	rm -rf .build .build-*
