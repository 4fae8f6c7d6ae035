# schema/*.proto through protoc and overlaygen to $(B)/schema/.
PB_INCLUDE := /usr/include
PB         := $(B)/gen/pb
PB_NAMES   := google/protobuf/descriptor google/protobuf/compiler/plugin wire
# Schemas of records that no client sees.
RECORDS    := state reference hcs
GENERATED  := $(addprefix $(B)/schema/overlayd,.h _tables.c _ops.h _ops.c _ctl.h _ctl.c _describe.h _describe.c) \
	$(addprefix $(B)/schema/pb/overlayd,.pb-c.h .pb-c.c)
STORED     := $(foreach s,$(RECORDS),$(addprefix $(B)/schema/$(s),.h _tables.c))

# protobuf's own descriptors and our options, as C, for the generator to read its input with.
$(PB)/stamp: schema/wire.proto
	@mkdir -p $(PB)
	$(call say,GEN,gen/pb)
	$(Q)protoc-c -I$(PB_INCLUDE) -Ischema --c_out=$(PB) $(PB_INCLUDE)/google/protobuf/descriptor.proto \
		$(PB_INCLUDE)/google/protobuf/compiler/plugin.proto schema/wire.proto && touch $@
$(PB_NAMES:%=$(PB)/%.pb-c.c) $(PB_NAMES:%=$(PB)/%.pb-c.h): $(PB)/stamp ;

$(PB)/%.o: $(PB)/%.c $(B)/flags
	$(call say,CC,$<)
	$(Q)$(filter-out -W%,$(COMPILE)) -w -I$(PB) -c $< -o $@
$(B)/gen/pb.a: $(PB_NAMES:%=$(PB)/%.pb-c.o)
# private: the flags file, which is remade on the way, has none of it.
$(B)/gen/%.o: private CPPFLAGS += -I$(PB)
$(patsubst %.c,$(B)/%.o,$(wildcard gen/*.c)): | $(PB_NAMES:%=$(PB)/%.pb-c.h)

$(B)/bin/overlaygen: $(B)/gen/overlaygen_main.o $(call archive,gen)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(LINK) -o $@ $^ $(call libs,gen)

# A generator with other outputs, those that gen/X/emit.c has: see gen/README.md.
$(B)/gen/%/overlaygen: $(B)/gen/%/emit.o $(B)/gen/overlaygen_main.o $(call archive,gen)
	$(call say,LD,$@)
	$(Q)$(LINK) -o $@ $^ $(call libs,gen)
tests: $(B)/gen/perl/overlaygen

# protoc writes all outputs each time; only those that differ replace what is there. libprotobuf-c ends a string at its first NUL, but takes
# bytes whole; on the wire the two are the same.
$(B)/schema/stamp: schema/overlayd.proto schema/wire.proto $(B)/bin/overlaygen
	@rm -rf $(B)/schema/new; mkdir -p $(B)/schema/new/pb
	$(call say,GEN,schema/overlayd.proto)
	$(Q)protoc -Ischema --plugin=protoc-gen-overlay=$(B)/bin/overlaygen --overlay_out=$(B)/schema/new overlayd.proto
	$(Q)sed -E '/^ *\/\//d; s/^( +(required|optional|repeated)) string /\1 bytes /' $< > $(B)/schema/new/pb/overlayd.proto
	$(Q)cd $(B)/schema/new/pb && protoc-c -I. -I$(CURDIR)/schema --c_out=. overlayd.proto
	$(Q)cd $(B)/schema/new && find . -type f | while read -r f; do \
		cmp -s $$f ../$$f || { mkdir -p ../$$(dirname $$f) && mv $$f ../$$f; }; done; cd .. && rm -r new && touch stamp
$(GENERATED): $(B)/schema/stamp ;

$(B)/schema/%.stamp: schema/%.proto schema/wire.proto $(B)/gen/records/overlaygen
	@rm -rf $(B)/schema/new-$*; mkdir -p $(B)/schema/new-$*
	$(call say,GEN,$<)
	$(Q)protoc -Ischema --plugin=protoc-gen-overlay=$(B)/gen/records/overlaygen --overlay_out=$(B)/schema/new-$* $(<F)
	$(Q)cd $(B)/schema/new-$* && for f in *; do cmp -s $$f ../$$f || mv $$f ..; done; cd .. && rm -r new-$* && touch $*.stamp
$(foreach s,$(RECORDS),$(eval $(B)/schema/$(s).h $(B)/schema/$(s)_tables.c: $(B)/schema/$(s).stamp ;))

# What is kept in git as well, for people who have no generator: client/X is $(B)/schema/client/X.
KEPT_AS_IT_IS := client/rust/src/protocol.rs client/go/protocol.go client/python/src/overlayd/_protocol.py client/typescript/src/protocol.ts
KEPT := $(KEPT_AS_IT_IS) $(KEPT_PAGES)
.PHONY: kept
programs: kept
kept: $(B)/schema/stamp $(KEPT_PAGES:%=$(B)/%)
	$(Q)keep() { cmp -s $$1 $$2 || { echo "GEN  $$2"; mkdir -p $$(dirname $$2); cp $$1 $$2; }; }; \
	for f in $(KEPT_AS_IT_IS); do keep $(B)/schema/$$f $$f; done; for f in $(KEPT_PAGES); do keep $(B)/$$f $$f; done

# Records are JSON only.
$(RECORDS:%=$(B)/schema/%_tables.o): private CPPFLAGS += -UWITH_PROTOBUF -DWITH_PROTOBUF=0
$(B)/schema/%.o: $(B)/schema/%.c $(B)/flags
	$(call say,CC,$<)
	$(Q)$(COMPILE) -c $< -o $@
$(B)/schema/pb/%.o: $(B)/schema/pb/%.c $(B)/flags
	$(call say,CC,$<)
	$(Q)$(filter-out -W%,$(COMPILE)) -w -I$(PB) -c $< -o $@
$(B)/schema/pb/overlayd.pb-c.o: | $(PB_NAMES:%=$(PB)/%.pb-c.h)
$(B)/schema.a: $(B)/schema/overlayd_tables.o $(RECORDS:%=$(B)/schema/%_tables.o) $(if $(PROTOBUF),$(B)/schema/pb/overlayd.pb-c.o)
SCHEMA_USERS := $(wildcard gen/examples/*.c server/*.c server/*/*.c client/*.c client/*/*.c tests/*/*.c tests/*/*/*.c)
$(SCHEMA_USERS:%.c=$(B)/%.o): | $(filter %.h,$(GENERATED) $(STORED))
