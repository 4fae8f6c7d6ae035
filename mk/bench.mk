# Measurements: each program compares two ways in one run and prints the ratio. They assert nothing.
needs/tests/bench := client server/linux server/net server/engine schema runtime
libs/tests/bench  := -ljson-c
BENCHES := $(patsubst %.c,$(B)/%,$(wildcard tests/bench/bench_*.c))

$(BENCHES): %: %.o $(B)/tests/bench/bench.o $(patsubst %,$(B)/%.a,$(needs/tests/bench))
	$(call say,LD,$@)
	$(Q)$(LINK) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(call libs,tests/bench)

.PHONY: run-bench
run-bench: programs $(BENCHES)
	$(Q)for bench in $(BENCHES); do echo "== $$bench"; B=$(B) $$bench || exit 1; done
