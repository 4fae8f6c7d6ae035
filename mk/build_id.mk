# A digest of the sources' names and bytes, and of nothing else.
ID_FOLDERS := schema gen runtime server client mk
ID_SOURCES  = Makefile $(shell LC_ALL=C find $(ID_FOLDERS) -type f -name '[!.]*.[ch]' -o -name '[!.]*.proto' -o -name '[!.]*.mk' | LC_ALL=C sort)

# The folders too, as they are newer when a file has gone.
$(B)/build_id: $(ID_SOURCES) $(shell find $(ID_FOLDERS) -type d ! -path '*/[._]*')
	@mkdir -p $(@D)
	@id=$$(for f in $(ID_SOURCES); do printf '%s\0' "$$f"; cat "$$f"; done | sha256sum | cut -d' ' -f1); \
	printf '#define BUILD_ID "%s"\n#define BUILD_VERSION "%s"\n' "$$id" "$(VERSION)" > $@

# Replaced only if it differs: a source that was touched and not changed compiles nothing else.
$(B)/build_id.h: $(B)/build_id
	@cmp -s $< $@ || cp $< $@
$(B)/server/options.o $(B)/server/ops/describe.o $(B)/client/ctl/command_line.o: $(B)/build_id.h
