/* For a schema of records alone: its types and their tables, no operations, no bindings. */
#include "gen/emit.h"

const struct output outputs[] = {
	{ "%.h", emit_types },
	{ "%_tables.c", emit_tables },
	{ NULL, NULL },
};
