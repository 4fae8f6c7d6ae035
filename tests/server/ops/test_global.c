#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/store/store.h"
#include "tests/check.h"
#include "tests/server/ops/node.h"

#define SET_ID(id) "{\"op\":\"set_local_node_id\",\"node_id\":" id "}"

struct home {
	char data[40], run[48];
	struct store *store;
};

static void home_make(struct home *h)
{
	struct store_options options = { .data_dir = h->data,
					 .run_dir = h->run,
					 .boot_id = "boot 1" };
	struct store_moved moved;

	*h = (struct home){ .data = "/tmp/home-XXXXXX" };
	CHECK(mkdtemp(h->data));
	snprintf(h->run, sizeof(h->run), "%s/run", h->data);
	CHECK_INT(mkdir(h->run, 0700), 0);
	CHECK_INT(store_open(&options, &h->store, &moved), 0);
}

static void home_remove(struct home *h)
{
	store_close(h->store);
	check_remove(h->data);
}

/* As a full disk does: no file may be written to. */
static void disk_is_full(bool full)
{
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	CHECK_INT(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = full ? 0 : limit.rlim_max;
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static int find_node_id(void *arg, const struct state_record *record)
{
	*(uint64_t *)arg = record->node.node_id;
	return 0;
}

static uint64_t stored_node_id(const struct home *h)
{
	uint64_t id = 0;

	CHECK_INT(store_each(h->store, STATE_RECORD_NODE, find_node_id, &id), 0);
	return id;
}

/* Asked again, the daemon tries again: it never had the number. */
TEST(a_node_id_that_could_not_be_written)
{
	struct home h;
	struct node n;

	home_make(&h);
	node_start(&n);
	n.net.store = h.store;
	disk_is_full(true);
	for (int i = 0; i < 2; i++)
		node_ask(&n, SET_ID("7"), "\"set_local_node_id: write the store: File too large");
	disk_is_full(false);
	node_ask(&n, SET_ID("7"), "\"ok\"");
	CHECK_INT(stored_node_id(&h), 7);
	node_ask(&n, SET_ID("7"), "\"ok\"");
	disk_is_full(true);
	node_ask(&n, SET_ID("8"), "\"err\"");
	node_ask(&n, SET_ID("7"), "\"ok\""); /* that is what it has still */
	disk_is_full(false);
	node_stop(&n);
	home_remove(&h);
}
