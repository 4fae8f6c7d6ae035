# The C library for programs outside of this tree: one archive, the headers that client/overlayd.h needs, what pkg-config says of it.
LIBRARY         := $(B)/lib/liboverlayd.a
LIBRARY_HEADERS := $(addprefix runtime/,arena.h buf.h codec.h fault.h ip.h table.h util.h view.h)
INCLUDE          = $(DESTDIR)$(PREFIX)/include/overlayd

$(LIBRARY): $(call archive,client)
	@mkdir -p $(@D)
	$(call say,AR,$@)
	$(Q)rm -f $@ && printf '%s\n' 'create $@' $(patsubst %,'addlib %',$^) save end | $(AR) -M

.PHONY: install-library
install: install-library
install-library: $(LIBRARY)
	install -D -m 644 $(LIBRARY) $(DESTDIR)$(PREFIX)/lib/liboverlayd.a
	install -D -m 644 client/overlayd.h $(INCLUDE)/overlayd.h
	install -D -m 644 $(B)/schema/overlayd.h $(INCLUDE)/schema/overlayd.h
	for header in $(LIBRARY_HEADERS); do install -D -m 644 $$header $(INCLUDE)/$$header; done
	install -d $(DESTDIR)$(PREFIX)/lib/pkgconfig
	printf '%s\n' 'prefix=$(PREFIX)' 'includedir=$${prefix}/include' 'libdir=$${prefix}/lib' '' 'Name: overlayd' \
		'Description: client of overlayd, the overlay network of one host' 'Version: $(VERSION)' 'Cflags: -I$${includedir}/overlayd' \
		'Libs: -L$${libdir} -loverlayd $(if $(PROTOBUF),-lprotobuf-c )-lpthread' >$(DESTDIR)$(PREFIX)/lib/pkgconfig/overlayd.pc
