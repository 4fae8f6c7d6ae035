# `make windows`: the same programs for Windows, by mingw-w64, in $(W); `make run-windows`: its tests, under wine. What is generated is the same.
# x_unix.c and x_socket.c are for Unix alone, x_windows.c and x_pipe.c for Windows; server/linux and server/windows are the two systems' own.
W       := $(B)-windows
WIN     := x86_64-w64-mingw32-
WIN_CPPFLAGS := -I. -I$(B) -Iruntime/mingw -I$(W)/deps/include -include runtime/mingw/libc.h -D_GNU_SOURCE -D_POSIX_THREAD_SAFE_FUNCTIONS -D_FILE_OFFSET_BITS=64 -D__USE_MINGW_ANSI_STDIO=1 \
	-D_WIN32_WINNT=0x0A00 -DWIN32_LEAN_AND_MEAN -DSODIUM_STATIC -DWITH_PROTOBUF=1
# -g without paths, and no time stamp: the same bytes wherever and whenever it is built.
WIN_COMPILE = $(WIN)gcc -std=gnu17 -g $(WARN) -O2 -ffile-prefix-map=$(CURDIR)=. $(WIN_CPPFLAGS) -MMD -MP
WIN_LINK    = $(WIN)gcc -g -O2 -static -municode -Wl,--no-insert-timestamp
# Import libraries cost nothing where nothing of theirs is used. No library that a host without the Containers feature lacks: those are loaded.
WIN_LIBS    = -L$(W)/deps/lib -lprotobuf-c -ljson-c -luv -lsodium -lws2_32 -liphlpapi -lpsapi -luserenv -ldbghelp -lole32 -luser32 -lshell32 -ladvapi32 -lpthread

WIN_PARTS   := $(filter-out gen% server/linux,$(PARTS))
win_needs    = $(patsubst server/linux,server/windows,$(filter-out gen%,$(needs/$(1))))
win_source   = $(filter-out $(1)/%_main.c $(1)/%_unix.c $(1)/%_socket.c $(win_not/$(1):%=$(1)/%),$(wildcard $(1)/*.c))
win_archive  = $(patsubst %,$(W)/%.a,$(1) $(call win_needs,$(1)))

# Files of the Unix daemon's main part.
win_not/server := daemon.c lock.c notify.c watch.c

.PHONY: windows windows-programs run-windows
windows:
	$(Q)mk/deps.sh gcc-mingw-w64-x86-64
	$(Q)$(MAKE) --no-print-directory windows-programs

$(W)/deps/stamp: mk/windows-deps.sh
	$(call say,DEPS,$(W)/deps)
	$(Q)mk/windows-deps.sh $(W)/deps

$(W)/flags: FORCE
	@mkdir -p $(@D); echo '$(WIN_COMPILE) $(WIN_LINK) $(WIN_LIBS)' | cmp -s - $@ || echo '$(WIN_COMPILE) $(WIN_LINK) $(WIN_LIBS)' > $@

$(W)/%.o: %.c $(W)/flags | $(W)/deps/stamp $(filter %.h,$(GENERATED)) $(B)/build_id.h
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(WIN_COMPILE) -c $< -o $@
$(W)/schema/%.o: $(B)/schema/%.c $(W)/flags | $(W)/deps/stamp
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(WIN_COMPILE) -c $< -o $@
$(W)/schema/pb/%.o: $(B)/schema/pb/%.c $(W)/flags | $(W)/deps/stamp
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(filter-out -W%,$(WIN_COMPILE)) -w -I$(PB) -c $< -o $@
$(W)/gen/pb/wire.pb-c.o: $(PB)/wire.pb-c.c $(W)/flags | $(W)/deps/stamp
	@mkdir -p $(@D)
	$(Q)$(filter-out -W%,$(WIN_COMPILE)) -w -I$(PB) -c $< -o $@

$(W)/schema.a: $(W)/schema/overlayd_tables.o $(W)/schema/pb/overlayd.pb-c.o
$(foreach p,$(filter-out schema,$(WIN_PARTS)),$(eval $(W)/$(p).a: $(patsubst %.c,$(W)/%.o,$(call win_source,$(p)))))
$(W)/%.a:
	@mkdir -p $(@D)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(WIN)ar rcsD $@ $^

define win_program
windows-programs: $(W)/bin/$(1).exe
$(W)/bin/$(1).exe: $(W)/$(2).o $(3) $(call win_archive,$(4))
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)
	$$(Q)$$(WIN_LINK) -o $$@ $$(filter %.o,$$^) -Wl,--start-group $$(filter %.a,$$^) -Wl,--end-group $$(WIN_LIBS)
endef
$(eval $(call win_program,overlayctl,client/ctl/overlayctl_main,$(W)/schema/overlayd_ctl.o,client/ctl))
$(eval $(call win_program,codec-testee,tests/conformance/codec_testee_main,,schema))

# All of the client library in one.
windows-programs: $(W)/lib/liboverlayd-client.a
$(W)/lib/liboverlayd-client.a: $(W)/client.a $(W)/schema.a $(W)/runtime.a
	@mkdir -p $(@D)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(WIN)ar rcsD $@ $(foreach p,client runtime,$(patsubst %.c,$(W)/%.o,$(call win_source,$(p)))) \
		$(W)/schema/overlayd_tables.o $(W)/schema/pb/overlayd.pb-c.o

-include $(shell find $(W) -name '*.d' 2>/dev/null)
