# Measurements: each program compares two ways in one run and prints the ratio. They assert nothing.
needs/tests/bench := client server/linux server/net server/store server/engine schema runtime
libs/tests/bench  := -ljson-c -lm
BENCHES := $(patsubst %.c,$(B)/%,$(wildcard tests/bench/bench_*.c))

$(BENCHES): %: %.o $(B)/tests/bench/bench.o $(patsubst %,$(B)/%.a,$(needs/tests/bench))
	$(call say,LD,$@)
	$(Q)$(LINK) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(call libs,tests/bench)

$(B)/tests/bench/bench_scale $(B)/tests/bench/bench_wait: $(B)/tests/bench/host.o
$(B)/tests/bench/bench_peers: $(B)/tests/bench/peers.o
$(B)/tests/bench/bench_codec: $(patsubst %.c,$(B)/%.o,$(wildcard tests/bench/codec_*.c))

# Codecs of other languages, loaded by bench_codec. One that can't be built is left out, and its log says why.
CODEC_SERDE := $(wildcard tests/bench/codec_serde/Cargo.* tests/bench/codec_serde/src/*)
define other_codec
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q){ $(1); } > $(@:.so=.log) 2>&1 || echo "$@ can't be built: $$(tail -n 1 $(@:.so=.log))"
endef

$(B)/bench/serde.so: $(CODEC_SERDE)
	$(call other_codec,cargo build --release --locked --manifest-path tests/bench/codec_serde/Cargo.toml --target-dir $(B)/bench/cargo && \
		cp $(B)/bench/cargo/release/libcodec_serde.so $@)

$(B)/bench/cpp.so: tests/bench/codec_cpp.cc schema/overlayd.proto schema/wire.proto
	$(call other_codec,protoc -Ischema --cpp_out=$(@D) overlayd.proto wire.proto && \
		$(CXX) -std=c++17 -O2 -fPIC -shared -I$(@D) $< $(@D)/overlayd.pb.cc $(@D)/wire.pb.cc -lprotobuf -o $@)

.PHONY: run-bench bench-scale bench-docs
run-bench: programs $(BENCHES) $(B)/bench/serde.so $(B)/bench/cpp.so
	$(Q)for bench in $(filter-out %/bench_scale,$(BENCHES)); do echo "== $$bench"; B=$(B) $$bench || exit 1; done

# 4,000 containers and SERVICES services: a minute.
bench-scale: programs $(B)/tests/bench/bench_scale
	$(Q)B=$(B) $(B)/tests/bench/bench_scale $(SERVICES)

# Beside the field's own programs, N=.. containers: minutes. As root.
$(B)/tests/bench/field: %: %.o $(addprefix $(B)/tests/bench/,field_side.o bench.o) $(patsubst %,$(B)/%.a,$(needs/tests/bench))
	$(call say,LD,$@)
	$(Q)$(LINK) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(call libs,tests/bench)

.PHONY: bench-field
bench-field: programs $(B)/tests/bench/field
	$(Q)B=$(B) N=$(N) unshare --mount --net --pid --fork --kill-child --mount-proc $(B)/tests/bench/field

# Keeps the figures of the last runs.
bench-docs:
	cat $(B)/bench/bench.md $(B)/bench/status.md $(B)/bench/attach.md $(B)/bench/peers.md $(B)/bench/field.md > docs/bench.md
	cp $(B)/bench/bench.svg docs/
