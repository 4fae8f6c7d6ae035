#include "tests/server/store/place.h"

#include <stdio.h>
#include <sys/stat.h>

#include "server/store/environment.h"
#include "tests/check.h"

struct place place_make(void)
{
	struct place p = { .root = "/tmp/store-XXXXXX", .boot = "boot 1" };

	CHECK(mkdtemp(p.root));
	snprintf(p.data, sizeof(p.data), "%s/data", p.root);
	snprintf(p.run, sizeof(p.run), "%s/run", p.root);
	CHECK_INT(mkdir(p.data, 0700), 0);
	CHECK_INT(mkdir(p.run, 0700), 0);
	return p;
}

struct store *open_one(const struct place *p)
{
	struct store_options options = { .data_dir = p->data,
					 .run_dir = p->run,
					 .boot_id = p->boot };
	struct store_moved moved;
	struct store *s;

	CHECK_INT(store_open(&options, &s, &moved), 0);
	CHECK(!moved.data && !moved.run);
	return s;
}

void put_raw(const struct place *p, const char *key, const char *value)
{
	struct environment_options options = { .synced = true };
	struct environment *env;
	char dir[80], *moved;

	snprintf(dir, sizeof(dir), "%s/store", p->data);
	options.dir = dir;
	CHECK_INT(environment_open(&options, &env, &moved), 0);
	environment_begin(env);
	environment_put(env, view(key), view(value));
	CHECK_INT(environment_end(env, 0), 0);
	environment_close(env);
}

struct store_loss loss_of(const struct place *p, bool made_good)
{
	struct store_options options = { .data_dir = p->data,
					 .run_dir = p->run,
					 .boot_id = p->boot };
	struct store_moved moved;
	struct store *s;
	struct store_loss loss;

	CHECK_INT(store_open(&options, &s, &moved), 0);
	loss = store_loss(s);
	if (made_good)
		CHECK_INT(store_made_good(s), 0);
	store_close(s);
	free(moved.data);
	free(moved.run);
	free(moved.copy);
	return loss;
}

/* As it is when a daemon dies just after it has moved the store aside. */
static void lose_all(const char *store)
{
	char to[128];

	snprintf(to, sizeof(to), "%s.damaged", store);
	CHECK_INT(rename(store, to), 0);
}

static void lose_content(const char *store)
{
	char file[128];

	snprintf(file, sizeof(file), "%s/data.mdb", store);
	CHECK_INT(truncate(file, 0), 0);
}

static void lose_file(const char *store)
{
	char file[128];

	snprintf(file, sizeof(file), "%s/data.mdb", store);
	CHECK_INT(unlink(file), 0);
}

const struct way ways[] = {
	{ "moved aside", lose_all },
	{ "empty file", lose_content },
	{ "no file", lose_file },
	{ "no directory", check_remove },
};

void lose(const char *dir, const char *store, const struct way *way)
{
	char path[96];

	CASE("%s", way->name);
	snprintf(path, sizeof(path), "%s/%s", dir, store);
	way->lose(path);
}
