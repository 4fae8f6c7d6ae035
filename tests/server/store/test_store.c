#include "server/store/store.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "server/store/environment.h"
#include "server/store/record.h"
#include "tests/check.h"

struct place {
	char root[40], data[64], run[64];
	const char *boot;
};

static struct place place_make(void)
{
	struct place p = { .root = "/tmp/store-XXXXXX", .boot = "boot 1" };

	CHECK(mkdtemp(p.root));
	snprintf(p.data, sizeof(p.data), "%s/data", p.root);
	snprintf(p.run, sizeof(p.run), "%s/run", p.root);
	CHECK_INT(mkdir(p.data, 0700), 0);
	CHECK_INT(mkdir(p.run, 0700), 0);
	return p;
}

static void remove_dir(const char *path)
{
	DIR *dir = opendir(path);

	for (struct dirent *d; dir && (d = readdir(dir));) {
		char child[512];

		snprintf(child, sizeof(child), "%s/%s", path, d->d_name);
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0 &&
		    unlink(child) < 0)
			remove_dir(child);
	}
	if (dir)
		closedir(dir);
	CHECK_INT(rmdir(path), 0);
}

static struct store *open_one(const struct place *p)
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

static const struct state_prefix block = { .ip = { .len = 4, .b = { 10, 200, 4, 64 } },
					   .length = 26 };

static const struct state_record node = { .kind = STATE_RECORD_NODE,
					  .node = { .version = 1, .node_id = 7 } };
static const struct state_record web = {
	.kind = STATE_RECORD_SERVICE,
	.service = { .name = VIEW_LITERAL("web"),
		     .mode = STATE_MODE_ISOLATED,
		     .link = VIEW_LITERAL("zl-web-b"),
		     .blocks = { &block, 1 } },
};
static const struct state_record peer = {
	.kind = STATE_RECORD_PEER,
	.peer = { .key = VIEW_LITERAL("AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
		  .endpoint = VIEW_LITERAL("192.0.2.1:51820"),
		  .keepalive = 25,
		  .allowed = { &block, 1 } },
};
static const struct state_record container = {
	.kind = STATE_RECORD_ATTACHMENT,
	.attachment = { .netns_dev = 4,
			.netns_ino = 4026532000,
			.pid = 77,
			.start_time = 123456,
			.service = VIEW_LITERAL("web"),
			.ip = { .len = 4, .b = { 10, 200, 4, 66 } } },
};
static const struct state_record lease = {
	.kind = STATE_RECORD_LEASE,
	.lease = { .ip = { .len = 4, .b = { 10, 200, 4, 67 } } },
};

struct list {
	struct buf text;
	unsigned n_unread;
};

static int add_record(void *arg, const struct state_record *record)
{
	struct list *list = arg;

	CHECK_INT(record_encode(record, &list->text), 0);
	return buf_text(&list->text, "\n");
}

static void add_unread(void *arg, struct ovd_view key _unused_, const char *why)
{
	struct list *list = arg;

	CHECK(strlen(why) > 0);
	list->n_unread++;
}

static void check_all(struct store *s, const char *wanted)
{
	struct list list = { .text = { .n = 0 } };

	CHECK_INT(buf_text(&list.text, ""), 0);
	CHECK_INT(store_load(s, add_record, add_unread, &list), 0);
	CHECK_INT(list.n_unread, 0);
	CHECK_VIEW(buf_view(&list.text), wanted);
	buf_done(&list.text);
}

#define NODE "{\"record\":\"node\",\"version\":1,\"node_id\":7,\"imported\":false}\n"
#define WEB                                                                                        \
	"{\"record\":\"service\",\"name\":\"web\",\"mode\":\"isolated\",\"link\":\"zl-web-b\","    \
	"\"blocks\":[{\"ip\":\"10.200.4.64\",\"length\":26}],\"leaving\":false}\n"
#define PEER                                                                                       \
	"{\"record\":\"peer\",\"key\":\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\","           \
	"\"endpoint\":\"192.0.2.1:51820\",\"keepalive\":25,"                                       \
	"\"allowed\":[{\"ip\":\"10.200.4.64\",\"length\":26}]}\n"
#define CONTAINER                                                                                  \
	"{\"record\":\"attachment\",\"netns_dev\":4,\"netns_ino\":4026532000,\"pid\":77,"          \
	"\"start_time\":123456,\"service\":\"web\",\"ip\":\"10.200.4.66\","                        \
	"\"asked_join\":false,\"ephemeral\":false,\"unfinished\":false}\n"
#define LEASE "{\"record\":\"lease\",\"ip\":\"10.200.4.67\"}\n"

TEST(each_kind_is_there_again_in_order)
{
	static const struct state_record *const records[] = { &lease, &container, &peer, &web,
							      &node };
	struct place p = place_make();
	struct store *s = open_one(&p);

	check_all(s, "");
	for (size_t i = 0; i < ARRAY_SIZE(records); i++)
		CHECK_INT(store_put(s, records[i]), 0);
	check_all(s, NODE WEB PEER CONTAINER LEASE);
	store_close(s);
	s = open_one(&p);
	check_all(s, NODE WEB PEER CONTAINER LEASE);
	for (size_t i = 0; i < ARRAY_SIZE(records); i++)
		CHECK_INT(store_delete(s, records[i]), 0);
	CHECK_INT(store_delete(s, &web), 0);
	check_all(s, "");
	store_close(s);
	remove_dir(p.root);
}

TEST(a_record_takes_the_place_of_its_name)
{
	struct state_record next = node;
	struct place p = place_make();
	struct store *s = open_one(&p);

	next.node.node_id = 8;
	CHECK_INT(store_put(s, &next), 0);
	CHECK_INT(store_put(s, &node), 0);
	check_all(s, NODE);
	store_close(s);
	remove_dir(p.root);
}

TEST(a_boot_forgets_containers_and_nothing_else)
{
	struct place p = place_make();
	struct store *s = open_one(&p);

	CHECK_INT(store_put(s, &web), 0);
	CHECK_INT(store_put(s, &container), 0);
	CHECK_INT(store_put(s, &lease), 0);
	store_close(s);
	p.boot = "boot 2";
	s = open_one(&p);
	check_all(s, WEB);
	CHECK_INT(store_put(s, &lease), 0);
	store_close(s);
	s = open_one(&p);
	check_all(s, WEB LEASE);
	store_close(s);
	remove_dir(p.root);
}

TEST(a_batch_is_one_change)
{
	struct store_batch batch = { .n = 0 };
	struct place p = place_make();
	struct store *s = open_one(&p);

	CHECK_INT(store_put(s, &web), 0);
	CHECK_INT(store_batch_put(&batch, &peer), 0);
	CHECK_INT(store_batch_delete(&batch, &web), 0);
	CHECK_INT(store_batch_put(&batch, &node), 0);
	check_all(s, WEB);
	CHECK_INT(store_commit(s, &batch), 0);
	check_all(s, NODE PEER);
	store_batch_done(&batch);
	store_close(s);
	remove_dir(p.root);
}

static int count_record(void *arg, const struct state_record *record _unused_)
{
	++*(unsigned *)arg;
	return 0;
}

/* None is moved when others come. */
TEST(a_batch_of_very_many)
{
	enum { MANY = 3000 };
	struct store_batch batch = { .n = 0 };
	struct state_record one = peer, none = peer;
	struct place p = place_make();
	struct store *s = open_one(&p);
	const char *second = NULL;
	unsigned n = 0;

	for (unsigned i = 0; i < MANY; i++) {
		char name[32];

		snprintf(name, sizeof(name), "peer %u", i);
		one.peer.key = view(name);
		CHECK_INT(store_batch_put(&batch, &one), 0);
		if (batch.last == 1 && !second)
			second = batch.pieces[1].p;
	}
	CHECK(batch.last > 1);
	CHECK(batch.pieces[1].p == second);
	none.peer.key = VIEW_LITERAL("peer 0");
	CHECK_INT(store_batch_delete(&batch, &none), 0);
	CHECK_INT(batch.n, MANY + 1);
	CHECK_INT(store_commit(s, &batch), 0);
	CHECK_INT(store_each(s, STATE_RECORD_PEER, count_record, &n), 0);
	CHECK_INT(n, MANY - 1);
	store_batch_clear(&batch);
	CHECK_INT(store_commit(s, &batch), 0);
	CHECK_INT(store_batch_put(&batch, &none), 0);
	CHECK_INT(batch.last, 0);
	CHECK_INT(store_commit(s, &batch), 0);
	n = 0;
	CHECK_INT(store_each(s, STATE_RECORD_PEER, count_record, &n), 0);
	CHECK_INT(n, MANY);
	store_batch_done(&batch);
	store_close(s);
	remove_dir(p.root);
}

static void put_raw(const struct place *p, const char *key, const char *value)
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

TEST(what_is_not_understood_stays)
{
	struct list list = { .text = { .n = 0 } };
	struct place p = place_make();
	struct store *s;

	put_raw(&p, "0 node ", "{\"record\":\"node\",\"version\":1,\"node_id\":7,\"later\":[1]}");
	put_raw(&p, "2 service x", "{\"record\":\"service\",\"name\":\"x\"}");
	put_raw(&p, "9 later y", "{\"record\":\"later\"}");
	for (unsigned round = 0; round < 2; round++) {
		s = open_one(&p);
		list.text.n = list.n_unread = 0;
		CHECK_INT(store_load(s, add_record, add_unread, &list), 0);
		CHECK_VIEW(buf_view(&list.text), NODE);
		CHECK_INT(list.n_unread, 2);
		store_close(s);
	}
	buf_done(&list.text);
	remove_dir(p.root);
}

static struct store_loss loss_of(const struct place *p, bool made_good)
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

static const struct way {
	const char *name;
	void (*lose)(const char *store);
} ways[] = {
	{ "moved aside", lose_all },
	{ "empty file", lose_content },
	{ "no file", lose_file },
	{ "no directory", remove_dir },
};

/* With something in it, and no loss. */
static void begin_whole(const struct place *p)
{
	CHECK(loss_of(p, true).data);
	put_raw(p, "2 service x", "");
	CHECK(!loss_of(p, false).data);
	CHECK(!loss_of(p, false).run);
}

static void lose(const char *dir, const char *store, const struct way *way)
{
	char path[96];

	CASE("%s", way->name);
	snprintf(path, sizeof(path), "%s/%s", dir, store);
	way->lose(path);
}

TEST(what_is_lost_stays_so_until_it_is_made_good)
{
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		struct place p = place_make();

		begin_whole(&p);
		lose(p.data, "store", &ways[i]);
		CHECK(loss_of(&p, false).data);
		CHECK(loss_of(&p, false).data);
		CHECK(!loss_of(&p, false).run);
		p.boot = "boot 2"; /* which has nothing to say of the data directory */
		CHECK(loss_of(&p, false).data);
		CHECK(loss_of(&p, true).data);
		put_raw(&p, "2 service x", "");
		CHECK(!loss_of(&p, false).data);
		remove_dir(p.root);
	}
}

TEST(what_names_no_boot_is_lost_until_the_next_one)
{
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		struct place p = place_make();

		begin_whole(&p);
		lose(p.run, "store", &ways[i]);
		CHECK(loss_of(&p, false).run);
		CHECK(loss_of(&p, false).run);
		p.boot = "boot 2";
		CHECK(!loss_of(&p, false).run);
		CHECK(!loss_of(&p, false).run);
		remove_dir(p.root);
	}
}

/* ---- what only records tell ---- */

static const struct state_record setting = {
	.kind = STATE_RECORD_SETTING,
	.setting = { .path = VIEW_LITERAL("net/ipv4/ip_forward"),
		     .before = VIEW_LITERAL("0"),
		     .ours = VIEW_LITERAL("1") },
};

static struct state_record without_interface(enum state_handle handle)
{
	return (struct state_record){
		.kind = STATE_RECORD_ATTACHMENT,
		.attachment = { .has_handle = true,
				.handle = handle,
				.id = VIEW_LITERAL("vm"),
				.service = VIEW_LITERAL("web"),
				.ip = { .len = 4, .b = { 10, 200, 4, 68 } } },
	};
}

#define HANDLED(handle)                                                                            \
	"{\"record\":\"attachment\",\"netns_dev\":0,\"netns_ino\":0,\"pid\":0,\"start_time\":0,"   \
	"\"id\":\"vm\",\"service\":\"web\",\"ip\":\"10.200.4.68\",\"asked_join\":false,"           \
	"\"ephemeral\":false,\"unfinished\":false,\"handle\":\"" handle "\"}\n"
#define SETTING                                                                                    \
	"{\"record\":\"setting\",\"path\":\"net/ipv4/"                                             \
	"ip_forward\",\"before\":\"0\",\"ours\":\"1\"}\n"
#define UNTOLD HANDLED("guest") HANDLED("host") LEASE SETTING

static void put_untold(const struct place *p)
{
	const struct state_record guest = without_interface(STATE_HANDLE_GUEST);
	const struct state_record host = without_interface(STATE_HANDLE_HOST);
	const struct state_record *const records[] = { &web,  &container, &guest,
						       &host, &lease,     &setting };
	struct store *s = open_one(p);

	for (size_t i = 0; i < ARRAY_SIZE(records); i++)
		CHECK_INT(store_put(s, records[i]), 0);
	CHECK_INT(store_made_good(s), 0);
	store_close(s);
}

static void check_again(const struct place *p, const char *wanted)
{
	struct store *s = open_one(p);

	check_all(s, wanted);
	store_close(s);
}

TEST(what_only_records_tell_is_filled_in_again)
{
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		struct place p = place_make();
		struct store *s;

		put_untold(&p);
		lose(p.run, "store", &ways[i]);
		s = open_one(&p);
		CHECK(store_loss(s).run && !store_loss(s).untold);
		check_all(s, WEB UNTOLD);
		CHECK_INT(store_delete(s, &lease), 0);
		store_close(s);
		lose(p.run, "store", &ways[ARRAY_SIZE(ways) - 1]);
		check_again(&p, WEB HANDLED("guest") HANDLED("host") SETTING);
		remove_dir(p.root);
	}
}

TEST(a_copy_that_is_lost_is_made_anew)
{
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		struct place p = place_make();
		put_untold(&p);
		lose(p.data, "store.copy", &ways[i]);
		CHECK(!loss_of(&p, false).untold);
		lose(p.run, "store", &ways[ARRAY_SIZE(ways) - 1]);
		check_again(&p, WEB UNTOLD);
		remove_dir(p.root);
	}
}

TEST(both_may_be_lost)
{
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		struct place p = place_make();

		put_untold(&p);
		lose(p.data, "store.copy", &ways[i]);
		lose(p.run, "store", &ways[i]);
		check_again(&p, WEB);
		CHECK(loss_of(&p, false).untold);
		CHECK(loss_of(&p, true).untold);
		CHECK(!loss_of(&p, false).untold);
		remove_dir(p.root);
	}
}

/* It would lend out for ever what was given before. */
TEST(the_copy_ends_with_the_boot)
{
	struct place p = place_make();

	put_untold(&p);
	p.boot = "boot 2";
	lose(p.run, "store", &ways[ARRAY_SIZE(ways) - 1]);
	check_again(&p, WEB);
	remove_dir(p.root);
}

/* By a version that knew of no copy, or a daemon that died between the two. */
TEST(the_run_directory_is_right)
{
	struct place p = place_make();
	char kept[80], store[80];
	struct store *s;

	put_untold(&p);
	snprintf(kept, sizeof(kept), "%s/kept", p.data);
	snprintf(store, sizeof(store), "%s/store.copy", p.data);
	CHECK_INT(rename(store, kept), 0);
	s = open_one(&p);
	CHECK_INT(store_delete(s, &lease), 0);
	store_close(s);
	remove_dir(store);
	CHECK_INT(rename(kept, store), 0); /* where the lease is still */
	check_again(&p, WEB HANDLED("guest") HANDLED("host") CONTAINER SETTING);
	lose(p.run, "store", &ways[ARRAY_SIZE(ways) - 1]);
	check_again(&p, WEB HANDLED("guest") HANDLED("host") SETTING);
	remove_dir(p.root);
}

/* A disk is full where the file isn't that yet: here it is a directory. */
TEST(without_a_copy_the_rest_is_as_ever)
{
	struct place p = place_make();
	char file[128];

	put_untold(&p);
	snprintf(file, sizeof(file), "%s/store.copy/lock.mdb", p.data);
	CHECK_INT(unlink(file), 0);
	CHECK_INT(mkdir(file, 0700), 0);
	check_again(&p, WEB HANDLED("guest") HANDLED("host") CONTAINER LEASE SETTING);
	CHECK(!loss_of(&p, true).run);
	lose(p.run, "store", &ways[ARRAY_SIZE(ways) - 1]);
	CHECK(loss_of(&p, false).untold);
	CHECK(loss_of(&p, true).run);
	CHECK(!loss_of(&p, false).run);
	check_again(&p, WEB);
	CHECK_INT(rmdir(file), 0);
	CHECK(!loss_of(&p, false).run);
	remove_dir(p.root);
}
