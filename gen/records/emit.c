/* C alone: the structs of a schema that never goes over the socket, and their JSON. */
#include "gen/emit.h"

const struct output outputs[] = {
	{ "%.h", emit_types },
	{ "%_tables.c", emit_tables },
	{ NULL, NULL },
};
