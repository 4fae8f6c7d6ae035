# overlayd: schema in, programs out. `make demo` and `make check` install what is missing, build and run.
B        ?= build
CC       := $(if $(filter default,$(origin CC)),gcc,$(CC))
PREFIX   ?= /usr/local
UNIT_DIR ?= $(PREFIX)/lib/systemd/system
SAN      ?=
T        ?= 60
# 1: the programs speak protobuf too. The generator needs libprotobuf-c either way.
WITH_PROTOBUF ?= $(if $(wildcard /usr/include/protobuf-c/protobuf-c.h),1,0)
PROTOBUF := $(filter 1,$(WITH_PROTOBUF))
VERSION  := 0.1.0

WARN     := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wswitch-enum -Werror
# Sanitizers hide from gcc what it knows of lengths: it then warns of texts that are cut on purpose.
OPTIMIZE := $(if $(SAN),-O1 $(if $(findstring clang,$(CC)),,-Wno-format-truncation) -fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer,-O2)
CFLAGS   ?= -g
CPPFLAGS += -I. -I$(B) -I/usr/include/libnl3 -D_GNU_SOURCE -DWITH_PROTOBUF=$(if $(PROTOBUF),1,0)
COMPILE   = $(CC) -std=gnu17 $(CFLAGS) $(WARN) $(OPTIMIZE) $(CPPFLAGS) -MMD -MP
LINK      = $(CC) $(CFLAGS) $(OPTIMIZE) $(LDFLAGS)
Q        := $(if $(V),,@)
say       = $(if $(V),,@printf '%-4s %s\n' $(1) $(2))

# The layers: what a folder may include and link. A folder that reaches further does not link in its own tests.
needs/runtime       :=
needs/schema        := runtime
needs/gen           := gen/pb runtime
needs/gen/examples  := schema runtime
needs/server/hcs    := schema runtime
needs/server/engine := runtime
needs/server/service := runtime
needs/server/store  := schema runtime
needs/server/net    := server/store server/engine schema runtime
needs/server/linux  := server/net server/store server/engine schema runtime
needs/server/guest  := runtime
needs/server/ipc    := server/net server/store server/engine schema runtime
needs/server/ops    := server/ipc server/net server/store server/engine schema runtime
needs/server        := server/ops server/guest server/linux server/service server/ipc server/net server/store server/engine schema runtime
needs/server/windows := server/ops server/guest server/service server/ipc server/net server/store server/engine schema runtime
needs/client        := schema runtime
needs/client/ctl    := client server/hcs schema runtime
needs/tests/conformance/suite := schema runtime

libs/gen/pb         := -lprotobuf-c
libs/runtime        := -lpthread $(if $(PROTOBUF),-lprotobuf-c)
libs/client/ctl     := -ljson-c
libs/gen/examples   := -ljson-c
libs/server/linux   := -lnl-route-3 -lnl-3 -lnftables -lnftnl -lmnl -lsodium
libs/server/guest   := -ljson-c
libs/server/hcs     := -ljson-c -lpthread
libs/server/ipc     := -luv
libs/server/store   := -lsodium -llmdb -lpthread

.DEFAULT_GOAL := all
include mk/build_id.mk
include mk/rules.mk
include mk/docs.mk
include mk/schema.mk
include mk/compat.mk
include mk/tests.mk
include mk/fuzz.mk
include mk/qemu.mk
include mk/bench.mk
include mk/install.mk
include mk/windows.mk

.PHONY: all deps deps-all demo check bench install clean
all: programs

include mk/windows_hcs.mk

deps deps-all:
	$(Q)mk/$@.sh

demo: deps
	$(Q)$(MAKE) --no-print-directory all
	$(Q)B=$(B) tests/demo/run

check: deps
	$(Q)$(MAKE) --no-print-directory run-checks

bench: deps
	$(Q)$(MAKE) --no-print-directory run-bench

install: all
	install -D -m 755 $(B)/bin/overlayd $(DESTDIR)$(PREFIX)/sbin/overlayd
	install -D -m 755 $(B)/bin/overlayctl $(DESTDIR)$(PREFIX)/bin/overlayctl
	install -D -m 755 $(B)/bin/overlay-conform $(DESTDIR)$(PREFIX)/bin/overlay-conform
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/overlayd/vectors tests/data/vectors/*
	install -D -m 644 schema/overlayd.proto $(DESTDIR)$(PREFIX)/share/overlayd/overlayd.proto
	install -D -m 644 schema/wire.proto $(DESTDIR)$(PREFIX)/share/overlayd/wire.proto
	for unit in overlayd.service overlayd.socket; do install -d $(DESTDIR)$(UNIT_DIR) && \
		sed 's|/usr/local/|$(PREFIX)/|' server/systemd/$$unit >$(DESTDIR)$(UNIT_DIR)/$$unit && chmod 644 $(DESTDIR)$(UNIT_DIR)/$$unit || exit 1; done
	for page in $(MAN); do install -D -m 644 $$page $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/}; done
	install -D -m 644 $(B)/schema/completion/overlayctl.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/overlayctl
	install -D -m 644 $(B)/schema/completion/_overlayctl $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_overlayctl
	install -D -m 644 $(B)/schema/completion/overlayctl.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/overlayctl.fish

clean:
	rm -rf $(B) $(B)-asan $(B)-clang $(B)-nopb $(B)-fuzz
	rm -rf $(addprefix client/python/,build dist .mypy_cache .ruff_cache .venv src/*.egg-info) client/rust/target $(addprefix client/typescript/,dist node_modules)
	find client tests -name __pycache__ -type d -prune -exec rm -rf {} +
