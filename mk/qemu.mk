# Tests that need more than this machine's kernel, all in one boot of Debian's: see tests/qemu/run. run-qemu-all, which takes an hour, runs all that have to do
# with a kernel, but for test_plans, which makes too many processes, and test_names, which asks a wireguard-go. QEMU_SECONDS is for what hangs: a machine that
# emulates slowly takes five times as long as a quick one.
QEMU_TESTS := $(wildcard tests/qemu/test_*.sh) tests/integration/test_many_peers.sh $(B)/tests/server/linux/test_wg_kernel
QEMU_ALL   := $(filter-out %/test_plans %/test_names,$(filter $(B)/tests/server/linux/% $(B)/tests/crash/% $(B)/tests/integration/%,$(UNIT_TESTS))) $(wildcard tests/integration/test_*.sh tests/qemu/test_*.sh)

$(B)/tests/qemu/guest_init: tests/qemu/guest_init.c
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) -std=gnu17 $(WARN) -O2 $(CPPFLAGS) -static -o $@ $<

.PHONY: run-qemu run-qemu-all
run-qemu: export QEMU_SECONDS = 2400
run-qemu-all: export QEMU_SECONDS = 10800
run-qemu-all: export PEERS = 10000
run-qemu-all: QEMU_TESTS = $(QEMU_ALL)
run-qemu run-qemu-all: tests $(B)/tests/qemu/guest_init
	$(Q)reason=$$(B=$(B) tests/qemu/kernel); case $$? in \
	0) B=$(B) tests/qemu/run tests/run $(QEMU_TESTS) ;; \
	77) echo "tests in QEMU - SKIPPED: $$reason"; echo "0 passed, 0 failed, 1 skipped" ;; \
	*) exit 1 ;; esac
