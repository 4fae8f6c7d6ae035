# One rule per kind of file.
PARTS  := $(patsubst needs/%,%,$(filter needs/%,$(.VARIABLES)))
source  = $(filter-out $(foreach k,main windows pipe,$(1)/%_$(k).c) $(if $(PROTOBUF),,runtime/protobuf%),$(wildcard $(1)/*.c))
objects = $(patsubst %.c,$(B)/%.o,$(call source,$(1)))
archive = $(patsubst %,$(B)/%.a,$(1) $(needs/$(1)))
libs    = $(foreach p,$(1) $(needs/$(1)),$(libs/$(p)))

# New flags rebuild; the same ones don't.
$(B)/flags: FORCE
	@mkdir -p $(@D); echo '$(COMPILE) $(LINK)' | cmp -s - $@ || echo '$(COMPILE) $(LINK)' > $@

$(B)/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(COMPILE) -c $< -o $@

define part
$(B)/$(1).a: $(call objects,$(1))
endef
$(foreach p,$(filter-out schema gen/pb,$(PARTS)),$(eval $(call part,$(p))))

$(B)/%.a:
	@mkdir -p $(@D)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# A program: its main file and the archives of the part it lies in.
define program
programs: $(B)/bin/$(1)
$(B)/bin/$(1): $(B)/$(2).o $(3) $(call archive,$(4))
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)
	$$(Q)$$(LINK) -o $$@ $$^ $(call libs,$(4))
endef

.PHONY: programs FORCE
.SECONDARY:
FORCE:

ifneq ($(wildcard server/overlayd_main.c),)
$(eval $(call program,overlayd,server/overlayd_main,$(B)/schema/overlayd_ops.o $(B)/schema/overlayd_describe.o,server))
$(eval $(call program,overlayctl,client/ctl/overlayctl_main,$(B)/schema/overlayd_ctl.o,client/ctl))
endif
$(eval $(call program,fill-examples,gen/examples/fill_examples_main,$(B)/schema/overlayd_describe.o,gen/examples))
$(eval $(call program,codec-testee,tests/conformance/codec_testee_main,,schema))
$(eval $(call program,overlay-conform,tests/conformance/suite/conform_main,,tests/conformance/suite))
$(eval $(call program,spoiled-daemon,tests/conformance/spoiled_daemon_main,,runtime))
$(eval $(call program,demo-stream,tests/demo/stream_main,,runtime))
$(eval $(call program,demo-capture,tests/demo/capture_main,,runtime))

-include $(shell find $(B) -name '*.d' 2>/dev/null)
