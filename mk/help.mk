# SPDX-License-Identifier: BSD-2-Clause
# `make help`.

define HELP
Causeway runs Linux virtual machines side by side on one AArch64 machine.

Build
  make build     build the image of SYSTEM
  make setup     install what is missing of Debian's packages
  make guest     fetch and unpack the Debian guest
  make install   to PREFIX [/usr/local], below DESTDIR; `causeway new FOLDER` makes a folder of your own
  make deb       a Debian package of it, in BUILD_DIR
  make clean     remove BUILD_DIR, apart from systems' disks; make clean-disks: those

Run
  make demo      set up, build and boot two Debian VMs; one pings the other
  make run       boot SYSTEM in QEMU on this terminal (Ctrl-a x quits)
  make flat      the image of SYSTEM as a flat arm64 Image, for U-Boot's booti
  make sdcard    the image of an SD card that U-Boot boots SYSTEM from
  make boards    the boards there are, and what each has
  make gdb       attach gdb to `make run GDB=1`

Test
  make test      unit tests, models and QEMU scenarios
  make test-more       short fuzzing, the same bytes again, and the scenarios that take longer
  make test-unit       the unit tests; -j2: two at a time
  make test-NAME       one of them: tests/unit/AREA/test_NAME.c
  make test-bridge     the same frames through a Linux bridge and through the switch: what arrives is compared
  make test-target     scenarios in QEMU; PYTEST_ARGS="-k ping" picks some
  make test-long       all of them, those that CI has no time for among them
  make test-reproducible   build again elsewhere: the same bytes
  make test-models     every interleaving of the protocols in tests/models
  make test-web        the page of `causeway web` in Chromium, with a system that runs
  make test-net-features   every feature of the network cards off, on either data path and transport
  make test-hostile    every attack of the hostile guest, and a table of what it did; HOSTILE_CASES=0-60,300 picks some
  make test-cpus       Debian on all cores that QEMU has: network, disk, reboot; CPUS="max" picks some
  make test-restart    a guest and its VMM die CYCLES times [10] beside two that talk to each other
  make test-soak       mixed load for MINUTES [60]: nothing grows that should not
  make test-sdk        every system for each Microkit SDK, with a stand-in for the SDK
  make test-storage    fio from two guests at once, STORAGE_MIB a job (16), and the disk's image compared
  make test-powercut   the power fails CUTS times (50) while two guests write; SEED is what is random
  make prove     CBMC's proofs of the code that meets input, and the defects that they find; PROVE="ring virtq", PROVE_ALL=1
  make fuzz      each fuzzer for TIME seconds, FUZZ_JOBS at a time, and a summary; fuzz-NAME for one of them
  make coverage  which lines tests and the fuzzers' corpora reach; fails below COVERAGE_MINIMUM percent

Measure
  make bench     measure in instructions, and compare with bench/baseline.json; on an SDK, too
  make bench-cores     instructions of each core for SGIs, exits and notifications between cores
  make bench-rates     what limits of rate leave to TCP and UDP
  make bench-storage   a guest's disk on both data paths, and the same guest directly on QEMU
  make latency   how late interrupts are beside everything that guests do, and the kernel's longest stretch; LATENCY_ROWS="..."
  make profile   where the instructions of a ping, of TCP and UDP go; PROFILE="ping tcp" PROFILE_ROW=... PROFILE_SYMBOLS=1

Maintain
  make check     formatting, static analysis, the rules of the house
  make compile_commands   BUILD_DIR/compile_commands.json, for clangd
  make schema    what is made from the tables of elements: systems/causeway.rng, docs/reference.md
  make docs      the pictures of docs/

Variables
  SYSTEM=NAME          a description: a path, or a name in systems/     [virtio_demo.system]
  CONSOLES=tmux        run: each console in a tmux pane of its own; =sockets: a socket for each; =plain: QEMU's own
  LOG=FOLDER           run: each console's output in FOLDER/NAME.log, with times
  BUILD_DIR=FOLDER     where everything is built                        [build]
  QEMU_EXTRA="..."     more of QEMU's command line
  QEMU_CPU=NAME        cortex-a53 or cortex-a57                         [cortex-a53]
  UPLINK=tap:NAME      run: what QEMU joins an <uplink> to; also socket:listen:PORT, socket:connect:PORT, none  [user]
  GDB=1  GDB_PORT=N    wait for gdb before the first instruction        [1234]
  MICROKIT_SDK=FOLDER  build for seL4 with this Microkit SDK; also SEL4CP_SDK
  BOARD=NAME           also MICROKIT_BOARD, SEL4CP_BOARD; `make boards`  [the description's]
  MICROKIT_CONFIG=NAME also SEL4CP_CONFIG                               [debug]
  BENCH_ROWS="..."     what to measure: SYSTEM/DATAPATH-TRANSPORT ...
  BENCH_SHORT=1        only what continuous integration prints
  V=1                  show commands
endef
export HELP

.PHONY: help
help:
	@printf '%s\n' "$$HELP"
