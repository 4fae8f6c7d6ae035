# tests/ is the tree again: tests/runtime/test_ip.c is linked with runtime and what runtime may use.
needs/tests/conformance := tests/conformance/suite schema runtime
needs/tests/integration := client schema runtime
needs/tests/crash := $(needs/server/linux) server/linux
needs/tests/soak := $(needs/tests/crash)
needs/tests/sim := server/net server/store server/engine schema runtime

UNIT_TESTS := $(patsubst %.c,$(B)/%,$(wildcard tests/*/test_*.c tests/*/*/test_*.c))
UNIT_TESTS := $(filter-out $(B)/tests/wine/% $(if $(PROTOBUF),,$(B)/tests/runtime/test_protobuf% $(B)/tests/conformance/test_protobuf%),$(UNIT_TESTS))
# The clients of other languages know no sanitizers.
SCRIPTS    := $(filter-out tests/qemu/% tests/wine/% $(if $(SAN),tests/client/%),$(wildcard tests/*/test_*.sh tests/*/*/test_*.sh))
test_part   = $(or $(filter $(patsubst tests/%/,%,$(dir $(1))),$(PARTS)),$(patsubst %/,%,$(dir $(1))))

# What the tests of one folder share: every other source in it.
shared      = $(patsubst %.c,$(B)/%.o,$(filter-out %_main.c,$(filter-out $(dir $(1))test_%,$(wildcard $(dir $(1))*.c))))

# And what they need beside their part.
more/tests/server/ops/ := $(addprefix $(B)/,schema/overlayd_ops.o schema/overlayd_describe.o tests/server/net/net_fake.o tests/server/ipc/clock.o)

# The crash tests look at the host as the platform's tests do, and run the real daemon.
libs/tests/crash := -llmdb
more/tests/crash/ := $(addprefix $(B)/tests/,integration/daemon.o server/linux/host.o)

# So does the soak, which has their host.
libs/tests/soak := $(libs/tests/crash)
more/tests/soak/ := $(more/tests/crash/) $(addprefix $(B)/tests/crash/,scene.o state.o trace.o)

more/tests/sim/ := $(B)/tests/server/net/net_fake.o

more/tests/client/ctl/ := $(addprefix $(B)/,schema/overlayd_ctl.o schema/overlayd_describe.o tests/server/hcs/fake_hcs.o)

define unit_test
$(B)/$(1): $(B)/$(1).o $(B)/tests/check.o $(B)/tests/check_unix.o $(B)/tests/sandbox.o $(call shared,$(1)) $(more/$(dir $(1))) $(call archive,$(call test_part,$(1)))
endef
$(foreach t,$(UNIT_TESTS:$(B)/%=%),$(eval $(call unit_test,$(t))))

# overlayctl is tested against the same daemon as the library.
$(filter $(B)/tests/client/ctl/%,$(UNIT_TESTS)): $(B)/tests/client/fake_daemon.o

$(UNIT_TESTS):
	$(call say,LD,$@)
	$(Q)$(LINK) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(call libs,$(call test_part,$(@:$(B)/%=%)))

# The engine against a model of what must hold: SEED=.. where to begin, N=.. how many acts.
.PHONY: sim
sim: $(B)/tests/sim/test_sim
	$(Q)SEED=$(or $(SEED),1) N=$(or $(N),10000000) $<

# Random operations and kill -9 for T seconds, SEED=.. which ones; run-tests does it for ten.
.PHONY: soak
soak: programs $(B)/tests/soak/test_soak
	$(Q)T=$(T) B=$(B) $(B)/tests/soak/test_soak

.PHONY: tests run-tests run-bindings run-checks
tests: programs $(UNIT_TESTS)

# WITHOUT=.. leaves out what matches that.
run-tests: tests
	$(Q)B=$(B) tests/run $(filter-out $(WITHOUT),$(UNIT_TESTS) $(SCRIPTS))

# Of them those of what client/ has beside C, and of what is installed: they take a third of the time.
run-bindings: tests
	$(Q)B=$(B) tests/run $(filter tests/client/%,$(SCRIPTS))

# Every point of the crash tests, of which run-tests takes some: see tests/crash/acts.h.
.PHONY: crash
crash: programs $(filter $(B)/tests/crash/%,$(UNIT_TESTS))
	$(Q)CRASH=all B=$(B) tests/run $(filter $(B)/tests/crash/%,$(UNIT_TESTS))

# Every test, plain and under sanitizers; the other compiler; what is generated and kept in git.
run-checks:
	$(Q)B=$(B) MAKE='$(MAKE)' KEPT='$(KEPT)' tests/check_all
