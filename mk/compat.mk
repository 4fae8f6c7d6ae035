# The schema against those that were released, schema/released/LINE.binpb: nobody may break unsaid.
RELEASED := schema/released

$(B)/bin/overlaycompat: $(B)/gen/overlaycompat_main.o $(call archive,gen)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(LINK) -o $@ $^ $(call libs,gen)

# A set whose source lies beside it is that source's. The folder too, as it is newer when a set has gone.
COMPAT_SOURCES = $(wildcard $(RELEASED)/*.proto)
$(B)/compat/stamp: schema/overlayd.proto schema/wire.proto $(wildcard $(RELEASED)/*) $(RELEASED) $(B)/bin/overlaycompat
	@mkdir -p $(@D)
	$(Q)protoc -Ischema --include_imports --descriptor_set_out=$(@D)/overlayd.binpb overlayd.proto
	$(Q)for f in $(COMPAT_SOURCES:$(RELEASED)/%.proto=%); do \
		protoc -Ischema -I$(RELEASED) --include_imports --descriptor_set_out=$(@D)/$$f.binpb $$f.proto && \
		$(B)/bin/overlaycompat --same $(RELEASED)/$$f.binpb $(@D)/$$f.binpb || exit 1; done
	$(Q)$(B)/bin/overlaycompat --accepted $(RELEASED)/accepted.txt $(@D)/overlayd.binpb $(RELEASED)/*.binpb
	$(Q)touch $@

# First of all that is made from the schema: what breaks somebody is not compiled.
$(B)/schema/stamp: | $(B)/compat/stamp

.PHONY: compat release-schema
compat: $(B)/compat/stamp
	$(Q)$(B)/bin/overlaycompat --verbose --accepted $(RELEASED)/accepted.txt $(B)/compat/overlayd.binpb $(RELEASED)/*.binpb

# Once frozen, a set is never written again.
release-schema: $(B)/schema/stamp
	@[ -n '$(V)' ] || { echo 'make release-schema V=LINE'; exit 1; }
	@[ ! -e $(RELEASED)/$(V).binpb ] || { echo '$(RELEASED)/$(V).binpb is there already'; exit 1; }
	@cp $(B)/compat/overlayd.binpb $(RELEASED)/$(V).binpb
	@echo 'GEN  $(RELEASED)/$(V).binpb'

# Its tests read descriptors too.
$(B)/tests/gen/%.o: private CPPFLAGS += -I$(PB)
$(patsubst %.c,$(B)/%.o,$(wildcard tests/gen/*.c)): | $(PB_NAMES:%=$(PB)/%.pb-c.h)
