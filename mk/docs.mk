# Manual pages: the hand-written ones get what the schema says; overlayd-protocol.7 is the generator's.
MAN := $(addprefix $(B)/man/,overlayd.8 overlayctl.1 overlayd-protocol.7)

$(B)/man/%: docs/%.in $(B)/schema/man/overlayctl-commands.roff Makefile
	@mkdir -p $(@D)
	$(call say,GEN,$@)
	$(Q)sed -e 's/@VERSION@/$(VERSION)/' -e '/^@COMMANDS@$$/{r $(B)/schema/man/overlayctl-commands.roff' -e 'd}' $< > $@
$(B)/man/overlayd-protocol.7: $(B)/schema/man/overlayd-protocol.7
	@mkdir -p $(@D)
	$(Q)cp $< $@
$(B)/schema/man/overlayctl-commands.roff $(B)/schema/man/overlayd-protocol.7: $(B)/schema/stamp ;

programs: $(MAN)

# The reference gets its examples from the encoders. They are kept with both forms.
PAGES := docs/reference.md docs/reference.html
$(B)/docs/%: $(B)/schema/docs/% $(B)/bin/fill-examples
	@mkdir -p $(@D)
	$(Q)$(B)/bin/fill-examples $< > $@
$(PAGES:%=$(B)/schema/%): $(B)/schema/stamp ;
KEPT_PAGES := $(if $(PROTOBUF),$(PAGES))
