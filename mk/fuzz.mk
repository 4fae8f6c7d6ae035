# Fuzz targets, tests/fuzz/fuzz_X.c with seeds in fuzz_X.in. `make fuzz T=60` gives each a minute of libFuzzer, FUZZ=fuzz_json that one alone;
# in all other builds replay_main.c gives them their seeds.
FUZZ         := $(filter-out $(if $(PROTOBUF),,fuzz_protobuf),$(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_TARGETS := $(FUZZ:%=$(B)/tests/fuzz/%)
FUZZ_MAIN    := $(if $(findstring fuzzer,$(SAN)),,$(B)/tests/fuzz/replay_main.o)
FUZZ_SHARED  := $(filter-out tests/fuzz/fuzz_%.c tests/fuzz/%_main.c,$(wildcard tests/fuzz/*.c))

needs/tests/fuzz/fuzz_frame          := runtime
needs/tests/fuzz/fuzz_json           := schema runtime
needs/tests/fuzz/fuzz_fixed_point    := schema runtime
needs/tests/fuzz/fuzz_against_json_c := schema runtime
needs/tests/fuzz/fuzz_generator      := gen gen/pb runtime
needs/tests/fuzz/fuzz_connections    := server/ipc server/net server/store server/engine schema runtime
needs/tests/fuzz/fuzz_protobuf       := schema runtime
needs/tests/fuzz/fuzz_guest          := server/guest runtime
needs/tests/fuzz/fuzz_uapi           := server/linux server/net server/store server/engine schema runtime
needs/tests/fuzz/fuzz_wg_netlink     := server/linux server/net server/store server/engine schema runtime
libs/tests/fuzz/fuzz_against_json_c  := -ljson-c
more/tests/fuzz/fuzz_connections     := $(B)/tests/server/ipc/clock.o

$(B)/tests/fuzz.a: $(FUZZ_SHARED:%.c=$(B)/%.o)
$(B)/tests/fuzz/fuzz_generator.o: private CPPFLAGS += -I$(PB)
$(B)/tests/fuzz/fuzz_generator.o: | $(PB_NAMES:%=$(PB)/%.pb-c.h)

define fuzz_target
$(B)/tests/fuzz/$(1): $(B)/tests/fuzz/$(1).o $(more/tests/fuzz/$(1)) $(FUZZ_MAIN) $(B)/tests/fuzz.a $(patsubst %,$(B)/%.a,$(needs/tests/fuzz/$(1)))
endef
$(foreach f,$(FUZZ),$(eval $(call fuzz_target,$(f))))

$(FUZZ_TARGETS):
	$(call say,LD,$@)
	$(Q)$(LINK) $(if $(FUZZ_MAIN),,-fsanitize=fuzzer) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group \
		$(call libs,$(@:$(B)/%=%))

.PHONY: fuzz fuzz-targets
tests: $(FUZZ_TARGETS)
fuzz-targets: $(FUZZ_TARGETS)

fuzz:
	$(Q)$(MAKE) --no-print-directory B=$(B)-fuzz CC=clang SAN=fuzzer-no-link,address,undefined fuzz-targets
	$(Q)B=$(B) tests/fuzz/run $(T) $(FUZZ)
