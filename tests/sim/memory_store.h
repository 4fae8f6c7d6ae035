/* A store in memory, in place of server/store/store.c: it outlives the engine that wrote it. */
#pragma once

#include "server/store/store.h"

#define MEMORY_RECORDS_MAX 1024

struct store {
	struct memory_record {
		char *key;
		struct buf value;
	} records[MEMORY_RECORDS_MAX]; /* by key */
	size_t n;
};

void memory_store_done(struct store *s);

/* As text, a record a line, by key; lives until the next call. */
const char *memory_store_text(const struct store *s);
