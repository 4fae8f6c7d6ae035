/* Where a test keeps its stores, and the ways in which they get lost. */
#pragma once

#include "server/store/store.h"

struct place {
	char root[40], data[64], run[64];
	const char *boot;
};

/* Directories of the test's own, in root, which it removes; nothing is in them. */
struct place place_make(void);

/* Its store, of which nothing may have been moved aside; the test closes it. */
struct store *open_one(const struct place *p);

/* Puts a record of whatever text into the store of the data directory. */
void put_raw(const struct place *p, const char *key, const char *value);

/* What is lost when the store is opened; good from then on if made_good. */
struct store_loss loss_of(const struct place *p, bool made_good);

struct way {
	const char *name;
	void (*lose)(const char *store);
};

/* All of them; the last one takes the whole directory. */
extern const struct way ways[4];

/* Names the way as the test's case, and loses the store of this name in dir by it. */
void lose(const char *dir, const char *store, const struct way *way);
