# `make windows`: the same programs for Windows, by mingw-w64, in $(W); `make run-windows`: its tests, under wine. What is generated is the same.
# x_unix.c and x_socket.c are for Unix alone, x_windows.c and x_pipe.c for Windows; server/linux and server/windows are the two systems' own.
W       := $(B)-windows
WIN_DEPS := $(B)-windows/deps
WIN     := x86_64-w64-mingw32-
WIN_CPPFLAGS := -I. -I$(B) -Iruntime/mingw -I$(WIN_DEPS)/include -include runtime/mingw/libc.h -D_GNU_SOURCE -D_POSIX_THREAD_SAFE_FUNCTIONS -D_FILE_OFFSET_BITS=64 -D__USE_MINGW_ANSI_STDIO=1 \
	-D_WIN32_WINNT=0x0A00 -DWIN32_LEAN_AND_MEAN -DSODIUM_STATIC -DWITH_PROTOBUF=1
WIN_MAP = -ffile-prefix-map=$(CURDIR)=. -ffile-prefix-map=$(W)/=windows/ -ffile-prefix-map=$(B)/=build/ -ffile-prefix-map=$(WIN_DEPS)/=deps/
# -g without paths, and no time stamp: the same bytes wherever and whenever it is built.
WIN_COMPILE = $(WIN)gcc -std=gnu17 -g $(WARN) -O2 $(WIN_MAP) $(WIN_CPPFLAGS) -MMD -MP
WIN_LINK    = $(WIN)gcc -g -O2 -static -municode -Wl,--no-insert-timestamp
# Import libraries cost nothing where nothing of theirs is used. No library that a host without the Containers feature lacks: those are loaded.
WIN_LIBS    = -L$(WIN_DEPS)/lib -lprotobuf-c -ljson-c -luv -lsodium -lws2_32 -liphlpapi -lpsapi -luserenv -ldbghelp -lole32 -luser32 -lshell32 -ladvapi32 -lpthread

WIN_PARTS   := $(filter-out gen% server/linux,$(PARTS))
win_needs    = $(patsubst server/linux,server/windows,$(filter-out gen%,$(needs/$(1))))
win_source   = $(filter-out $(1)/%_main.c $(1)/%_unix.c $(1)/%_socket.c $(win_not/$(1):%=$(1)/%),$(wildcard $(1)/*.c))
win_archive  = $(patsubst %,$(W)/%.a,$(1) $(call win_needs,$(1)))

# Files of the Unix daemon's main part.
win_not/server := activation.c daemon.c ending.c lock.c memory.c notify.c opening.c removal.c repair.c socket.c trim.c watch.c watchdog.c
win_not/server/net := worker.c
win_not/server/guest := transport_vsock.c
win_not/server/ops := adopt.c death.c import.c lost_links.c read_back.c
# LMDB is not built for Windows: nothing is remembered there but the key.
win_not/server/store := environment.c record.c store.c writer.c

.PHONY: windows windows-programs windows-tests run-windows bench-windows
windows:
	$(Q)mk/deps.sh gcc-mingw-w64-x86-64
	$(Q)$(MAKE) --no-print-directory windows-programs

$(WIN_DEPS)/stamp: mk/windows-deps.sh
	$(call say,DEPS,$(WIN_DEPS))
	$(Q)mk/windows-deps.sh $(WIN_DEPS)

$(W)/flags: FORCE
	@mkdir -p $(@D); echo '$(WIN_COMPILE) $(WIN_LINK) $(WIN_LIBS)' | cmp -s - $@ || echo '$(WIN_COMPILE) $(WIN_LINK) $(WIN_LIBS)' > $@

$(W)/%.o: %.c $(W)/flags | $(WIN_DEPS)/stamp $(filter %.h,$(GENERATED)) $(B)/build_id.h
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(WIN_COMPILE) -c $< -o $@
$(RECORDS:%=$(W)/schema/%_tables.o): private WIN_CPPFLAGS += -UWITH_PROTOBUF -DWITH_PROTOBUF=0
$(W)/schema/%.o: $(B)/schema/%.c $(W)/flags | $(WIN_DEPS)/stamp
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(WIN_COMPILE) -c $< -o $@
$(W)/schema/pb/%.o: $(B)/schema/pb/%.c $(W)/flags | $(WIN_DEPS)/stamp
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(filter-out -W%,$(WIN_COMPILE)) -w -I$(PB) -c $< -o $@
$(W)/gen/pb/wire.pb-c.o: $(PB)/wire.pb-c.c $(W)/flags | $(WIN_DEPS)/stamp
	@mkdir -p $(@D)
	$(Q)$(filter-out -W%,$(WIN_COMPILE)) -w -I$(PB) -c $< -o $@

$(W)/schema.a: $(W)/schema/overlayd_tables.o $(RECORDS:%=$(W)/schema/%_tables.o) $(W)/schema/pb/overlayd.pb-c.o
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
$(eval $(call win_program,overlayd,server/windows/overlayd_main,$(W)/schema/overlayd_ops.o $(W)/schema/overlayd_describe.o,server))
$(eval $(call win_program,overlayctl,client/ctl/overlayctl_main,$(W)/schema/overlayd_ctl.o,client/ctl))
$(eval $(call win_program,codec-testee,tests/conformance/codec_testee_main,,schema))
$(eval $(call win_program,overlay-conform,tests/conformance/suite/conform_main,,tests/conformance/suite))

# The client library with all it needs but the system's: -lpthread.
windows-programs: $(W)/lib/liboverlayd-client.a
CLIENT_OBJECTS := $(foreach p,client runtime,$(patsubst %.c,$(W)/%.o,$(call win_source,$(p)))) $(W)/schema/overlayd_tables.o $(W)/schema/pb/overlayd.pb-c.o
$(W)/lib/liboverlayd-client.a: $(CLIENT_OBJECTS)
	@mkdir -p $(@D)/protobuf-c
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(WIN)ar x --output $(@D)/protobuf-c $(WIN_DEPS)/lib/libprotobuf-c.a && $(WIN)ar rcsD $@ $^ $(@D)/protobuf-c/*.o && rm -r $(@D)/protobuf-c

# ---- tests ----

# The portable ones of the tree, beside Windows' own.
WIN_TESTS := $(wildcard tests/wine/test_*.c) $(filter-out %_unix.c,$(wildcard tests/server/guest/test_*.c)) \
	$(filter-out %_unix.c %/test_log.c %/test_util.c,$(wildcard tests/runtime/test_*.c)) \
	$(filter-out %/test_no_memory.c,$(wildcard tests/server/engine/test_*.c tests/server/service/test_*.c)) \
	$(addprefix tests/conformance/,test_vectors.c test_mutations.c test_protobuf_mutations.c) \
	$(addprefix tests/client/ctl/,test_flags.c test_raw.c test_safe.c)
WIN_TESTS := $(WIN_TESTS:%.c=$(W)/%.exe)
# Linked with what the part they test may use; those in tests/wine with all there is.
win_links   = $(or $(win_links/$(1)),$(call win_archive,$(patsubst tests/%,%,$(1))))
win_links/tests/conformance  := $(call win_archive,schema)
win_links/tests/wine         := $(patsubst %,$(W)/%.a,$(filter-out tests%,$(WIN_PARTS)))
win_links/tests/server/guest := $(win_links/tests/wine)
win_shared/tests/server/guest := $(patsubst %.c,$(W)/%.o,$(filter-out tests/server/guest/test_%,$(wildcard tests/server/guest/*.c)))
win_shared/tests/runtime     := $(W)/tests/runtime/sample.o
win_shared/tests/conformance := $(addprefix $(W)/tests/conformance/,vectors.o suite/vector.o suite/file.o suite/mutate.o suite/mutate_protobuf.o suite/recode.o)
win_shared/tests/wine        := $(patsubst %.c,$(W)/%.o,$(filter-out tests/wine/test_% tests/wine/bench_% %_main.c,$(wildcard tests/wine/*.c))) $(W)/schema/overlayd_ops.o $(W)/schema/overlayd_describe.o
win_shared/tests/server/engine := $(W)/tests/server/engine/node.o $(W)/tests/server/engine/peers.o
win_shared/tests/server/service := $(W)/tests/server/service/manager.o
win_shared/tests/client/ctl  := $(W)/schema/overlayd_ctl.o $(W)/schema/overlayd_describe.o

define win_test
$(W)/$(1).exe: $(W)/$(1).o $(W)/tests/check.o $(W)/tests/check_windows.o $(win_shared/$(patsubst %/,%,$(dir $(1)))) \
	$(call win_links,$(patsubst %/,%,$(dir $(1))))
endef
WIN_BENCHES := $(patsubst %.c,$(W)/%.exe,$(wildcard tests/wine/bench_*.c))
$(foreach t,$(patsubst $(W)/%.exe,%,$(WIN_TESTS) $(WIN_BENCHES)),$(eval $(call win_test,$(t))))
$(WIN_TESTS) $(WIN_BENCHES):
	$(call say,LD,$@)
	$(Q)$(WIN_LINK) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(WIN_LIBS)

# A measurement: it asserts nothing.
bench-windows: $(W)/tests/wine/bench_pipe.exe
	$(Q)B=$(B) tests/wine/run sh -c 'exec $$WINE $<'

# Where a tool is missing it is one skipped test, with the reason.
windows-tests: windows-programs $(WIN_TESTS)
# It drives the codec of Windows in a test.
windows-tests: $(B)/bin/overlay-conform

run-windows:
	$(Q)reason=$$(B=$(B) tests/wine/ready) || { echo "tests of Windows - SKIPPED: $$reason"; echo "0 passed, 0 failed, 1 skipped"; exit 0; }; \
	$(MAKE) --no-print-directory windows-tests && B=$(B) tests/wine/run tests/run $(WIN_TESTS) $(wildcard tests/wine/test_*.sh)

-include $(shell find $(W) -name '*.d' 2>/dev/null)
