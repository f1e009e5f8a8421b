# SPDX-License-Identifier: GPL-2.0 OR MIT
#
# For people. The kernel's build reads Kbuild instead of this file.

# A kernel that builds external modules by an old habit may still look here.
ifneq ($(KERNELRELEASE),)
include $(src)/Kbuild
else

KDIR ?= /lib/modules/$(shell uname -r)/build
DISPLAYS ?= 1
KEEP ?=
PART ?=
SUITES ?=
URL ?=
SAVE ?=
RUN := tests/lib/start

# Targets talk to one another through the cache and build/; make's own -j is
# for the kernel's build, where it is handed on.
.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help modules install uninstall release deb deb-backend repo rpm doctor dist demo check check-unit check-harness check-debug check-build check-lab check-lab-all \
	check-igt check-matrix check-mutants check-matrix-build probes-report check-packages check-packages-short \
	check-rpm check-fresh check-clients check-initramfs check-arm64 bench bench-screens backend \
	preflight clean clean-cache

help:
	@tests/lib/help

modules:
	@tests/lib/kdir '$(KDIR)' '$(MO)'
	+$(MAKE) -C '$(KDIR)' M='$(CURDIR)' modules

# DESTDIR=, PREFIX=, SBINDIR=, MANDIR= as usual
install: modules
	@tests/lib/install '$(KDIR)'

uninstall:
	@tests/lib/install --remove '$(KDIR)'

# nothing is packed that names nobody
release:
	@tests/style/project --release
	@$(RUN) dist

deb:
	@$(RUN) deb

deb-backend:
	@$(RUN) deb-backend

repo:
	@URL='$(URL)' $(RUN) repo

dist:
	@$(RUN) dist

# it changes nothing, so it needs no preparation
doctor:
	@src/xen-drm-front-doctor

rpm:
	@$(RUN) rpm

backend:
	@$(RUN) backend

demo:
	@DISPLAYS='$(DISPLAYS)' KEEP='$(KEEP)' $(RUN) demo

check:
	@$(RUN) check

check-unit:
	@$(RUN) check-unit

check-harness:
	@$(RUN) check-harness

check-debug:
	@PART='$(PART)' $(RUN) check-debug

check-build:
	@$(RUN) check-build

check-matrix-build:
	@$(RUN) check-matrix-build

probes-report:
	@tests/kernels/sides --report

check-lab-all:
	@$(RUN) check-lab-all

check-mutants:
	@PART='$(PART)' $(RUN) check-mutants

check-igt:
	@KERNEL='$(KERNEL)' $(RUN) check-igt

check-matrix:
	@KERNEL='$(KERNEL)' PART='$(PART)' $(RUN) check-matrix

check-packages:
	@SUITES='$(SUITES)' PART='$(PART)' $(RUN) check-packages

check-packages-short:
	@$(RUN) check-packages-short

check-rpm:
	@$(RUN) check-rpm

check-fresh:
	@SUITES='$(SUITES)' PART='$(PART)' $(RUN) check-fresh

check-clients:
	@PART='$(PART)' $(RUN) check-clients

check-initramfs:
	@PART='$(PART)' $(RUN) check-initramfs

check-arm64:
	@PART='$(PART)' $(RUN) check-arm64

check-lab:
	@PART='$(PART)' $(RUN) check-lab

bench:
	@KERNEL='$(KERNEL)' PART='$(PART)' SAVE='$(SAVE)' $(RUN) bench

bench-screens:
	@$(RUN) bench-screens

preflight:
	@$(RUN) preflight

clean:
	@tests/lib/clean tree

clean-cache:
	@tests/lib/clean cache

endif
