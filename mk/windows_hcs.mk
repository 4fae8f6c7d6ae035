# What compute systems add to mk/windows.mk.
ifneq ($(W),)
$(RECORDS:%=$(W)/schema/%_tables.o): private WIN_CPPFLAGS += -UWITH_PROTOBUF -DWITH_PROTOBUF=0
$(W)/schema.a: $(RECORDS:%=$(W)/schema/%_tables.o)
$(patsubst %.c,$(W)/%.o,$(wildcard server/hcs/*.c server/windows/hcs*.c client/ctl/hcs*.c tests/server/hcs/*.c tests/wine/*.c)): | $(filter %.h,$(STORED))
$(W)/bin/overlayctl.exe: $(W)/server/windows/hcs_library.o

# What knows no system is tested on both.
HCS_TESTS := $(patsubst %.c,$(W)/%.exe,$(wildcard tests/server/hcs/test_*.c))
WIN_TESTS += $(HCS_TESTS)
$(HCS_TESTS): %.exe: %.o $(addprefix $(W)/tests/,check.o check_windows.o server/hcs/fake_hcs.o) $(call win_archive,server/hcs)
	$(call say,LD,$@)
	$(Q)$(WIN_LINK) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(WIN_LIBS)

# The Host Compute Service's library, as tests script it; without a function that is needed; without one that is not.
STUBS := $(addprefix $(W)/tests/wine/stub/,computecore.dll lacking.dll old.dll)
stub_lacks/lacking := HcsModifyComputeSystem
stub_lacks/old     := HcsCancelOperation
$(STUBS): $(addprefix $(W)/tests/wine/stub/,computecore.o computecore_script.o) tests/wine/stub/computecore.def
	$(call say,LD,$@)
	$(Q)grep -vx '	$(or $(stub_lacks/$(basename $(@F))),-)' tests/wine/stub/computecore.def > $@.def && \
		$(WIN)gcc -shared -static -Wl,--no-insert-timestamp -o $@ $(filter %.o,$^) $@.def
windows-tests: $(HCS_TESTS) $(STUBS)
endif
