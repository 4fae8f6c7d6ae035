# A digest of the sources' names and bytes, and of nothing else.
ID_FOLDERS := schema gen runtime server client/*.[ch] client/ctl mk
ID_SOURCES  = $(shell LC_ALL=C find Makefile $(ID_FOLDERS) -type f -name '[!.]*' | LC_ALL=C sort)

$(B)/build_id.h: $(ID_SOURCES)
	@mkdir -p $(@D)
	@id=$$(for f in $(ID_SOURCES); do printf '%s\0' "$$f"; cat "$$f"; done | sha256sum | cut -d' ' -f1); \
	printf '#define BUILD_ID "%s"\n#define BUILD_VERSION "%s"\n' "$$id" "$(VERSION)" > $@.new; \
	cmp -s $@.new $@ && { rm $@.new; touch $@; } || mv $@.new $@
$(B)/server/options.o $(B)/server/ops/describe.o $(B)/client/ctl/command_line.o: $(B)/build_id.h
