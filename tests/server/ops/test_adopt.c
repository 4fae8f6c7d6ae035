/* A start with records, on a platform in memory. */
#include "server/ops/adopt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#include "server/engine/start.h"
#include "server/ops/chore.h"
#include "server/ops/death.h"
#include "server/store/environment.h"
#include "server/store/store.h"
#include "tests/check.h"
#include "tests/server/net/net_fake.h"

struct rig {
	struct daemon daemon;
	struct net_fake fake;
	struct net net;
	struct net_step steps[STEP_MAX_];
	char dir[32];
	unsigned n_cut;
	int process; /* the owner's, given away */
};

static int nobody(void *platform _unused_, uint32_t pid _unused_, struct net_owner *ret _unused_)
{
	return -ESRCH;
}

/* Whose the record of put_records is. */
static int somebody(void *platform, uint32_t pid, struct net_owner *ret)
{
	struct rig *rig = CONTAINER_OF(platform, struct rig, fake);

	rig->process = eventfd(0, EFD_CLOEXEC);
	*ret = (struct net_owner){
		.netns_dev = 4, .netns_ino = 0x46, .pid = pid, .netns = -1, .process = rig->process
	};
	return 0;
}

static int find_links(void *platform _unused_, const char *mark _unused_, struct found_links *ret)
{
	static const struct found_link all[] = {
		{ .name = "zl-web-b", .kind = FOUND_BRIDGE },
		{ .name = "zl-00000046-0", .kind = FOUND_CONTAINER },
	};

	ret->links = malloc(sizeof(all));
	memcpy(ret->links, all, sizeof(all));
	ret->n = ARRAY_SIZE(all);
	return 0;
}

static int find_none(void *platform _unused_, const char *mark _unused_, struct found_links *ret)
{
	*ret = (struct found_links){ .n = 0 };
	return 0;
}

static int read_none(void *platform _unused_, const char *mark _unused_,
		     void (*each)(void *arg, const struct net_link *link) _unused_,
		     void *arg _unused_)
{
	return 0;
}

static int nobody_there(void *platform _unused_, const char *mark _unused_,
			void (*each)(void *arg, const struct net_container *container) _unused_,
			void *arg _unused_)
{
	return 0;
}

static int count_cut(void *platform, struct step *step _unused_, char *detail _unused_)
{
	CONTAINER_OF(platform, struct rig, fake)->n_cut++;
	return 0;
}

static int fail(void *platform _unused_, struct step *step _unused_, char *detail _unused_)
{
	return -ENOBUFS;
}

static void put_records(struct store *store)
{
	static const struct state_prefix block = { .ip = { 4, { 10, 200, 7, 128 } }, .length = 26 };
	const struct state_record web = { .kind = STATE_RECORD_SERVICE,
					  .service = { .name = view("web"),
						       .link = view("zl-web-b"),
						       .blocks = { &block, 1 } } };
	const struct state_record container = { .kind = STATE_RECORD_ATTACHMENT,
						.attachment = {
							.netns_dev = 4,
							.netns_ino = 0x46,
							.pid = 7,
							.service = view("web"),
							.ip = { 4, { 10, 200, 7, 130 } } } };

	CHECK_INT(store_put(store, &web), 0);
	CHECK_INT(store_put(store, &container), 0);
}

static void begin(struct rig *rig)
{
	*rig = (struct rig){ .dir = "/tmp/adopt-XXXXXX" };
	CHECK(mkdtemp(rig->dir));
	net_fake_init(&rig->fake);
	rig->net = rig->fake.net;
	memcpy(rig->steps, rig->net.steps, sizeof(rig->steps));
	rig->net.steps = rig->steps;
	rig->net.owner_open = nobody;
	rig->net.survey = find_links;
	rig->net.read_links = read_none;
	rig->net.read_containers = nobody_there;
	rig->daemon = (struct daemon){ .net = &rig->net, .log = log_new(LOG_ERROR, LOG_TEXT) };
}

/* A daemon starts. */
static void start(struct rig *rig)
{
	static const struct ovd_key private_key = { { 1 } }, public_key = { { 2 } };
	char run[64];
	const struct store_options options = { .data_dir = rig->dir,
					       .run_dir = run,
					       .boot_id = "boot" };
	struct store_moved moved;

	snprintf(run, sizeof(run), "%s/run", rig->dir);
	mkdir(run, 0700);
	CHECK_INT(store_open(&options, &rig->net.store, &moved), 0);
	rig->daemon.engine = engine_new(&private_key, &public_key);
}

static void stop(struct rig *rig)
{
	engine_free(rig->daemon.engine);
	store_close(rig->net.store);
}

static bool gives(struct engine *e, const char *wanted)
{
	char text[IP_TEXT_MAX];
	struct ovd_ip ip;

	while (engine_lend(e, view("web"), &ip) == 0)
		if (strcmp(ip_format(&ip, text), wanted) == 0)
			return true;
	return false;
}

static int attach_again(struct engine *e)
{
	const struct attach_spec spec = {
		.owner = { .netns_dev = 4, .netns_ino = 0x46, .pid = 7, .netns = -1 },
		.service = view("web")
	};
	struct plan plan = { .n = 0 };
	struct intent *intent;
	struct ovd_ip ip;
	int r = engine_attach(e, &spec, NULL, NULL, &plan, &intent, &ip);

	plan_done(&plan);
	return r;
}

TEST(who_cannot_be_cut_off_keeps_the_address)
{
	struct net_step cut;
	struct rig rig;

	begin(&rig);
	start(&rig);
	put_records(rig.net.store);
	cut = rig.steps[STEP_CUT];
	rig.steps[STEP_CUT].run = fail;
	CHECK_INT(ops_adopt(&rig.daemon, NULL), 0);
	CHECK_INT(engine_attachment_count(rig.daemon.engine), 1);
	CHECK(!gives(rig.daemon.engine, "10.200.7.130"));
	CHECK_INT(attach_again(rig.daemon.engine),
		  -EEXIST); /* nobody is told that it is attached */
	stop(&rig);
	start(&rig);
	rig.steps[STEP_CUT] = cut;
	CHECK_INT(ops_adopt(&rig.daemon, NULL), 0);
	CHECK_INT(engine_attachment_count(rig.daemon.engine), 0);
	CHECK(gives(rig.daemon.engine, "10.200.7.130"));
	stop(&rig);
	start(&rig);
	CHECK_INT(ops_adopt(&rig.daemon, NULL), 0);
	CHECK_INT(engine_attachment_count(rig.daemon.engine), 0);
	stop(&rig);
	log_free(rig.daemon.log);
	check_remove(rig.dir);
}

/* Its last container went with the daemon before; the next one behind it goes at once. */
TEST(a_service_that_cannot_go_is_tried_again)
{
	static const struct state_prefix blocks[] = {
		{ .ip = { 4, { 10, 200, 7, 128 } }, .length = 26 },
		{ .ip = { 4, { 10, 200, 7, 192 } }, .length = 26 },
	};
	static const struct state_service leaving[] = {
		{ .name = VIEW_LITERAL("web"), .link = VIEW_LITERAL("zl-web-b"), .leaving = true },
		{ .name = VIEW_LITERAL("xeb"), .link = VIEW_LITERAL("zl-xeb-b"), .leaving = true },
	};
	struct rig rig;
	uv_loop_t loop;

	begin(&rig);
	start(&rig);
	CHECK_INT(uv_loop_init(&loop), 0);
	rig.daemon.loop = &loop;
	rig.net.survey = find_none;
	rig.fake.foreign = "zl-web-b";
	for (size_t i = 0; i < ARRAY_SIZE(leaving); i++) {
		struct state_record record = { .kind = STATE_RECORD_SERVICE,
					       .service = leaving[i] };

		record.service.blocks.items = &blocks[i];
		record.service.blocks.n = 1;
		CHECK_INT(store_put(rig.net.store, &record), 0);
	}
	CHECK_INT(ops_adopt(&rig.daemon, NULL), 0);
	CHECK_INT(engine_service_count(rig.daemon.engine), 1);
	CHECK(engine_service_link(rig.daemon.engine, view("web"))[0]);
	CHECK(rig.daemon.chores && !rig.daemon.chores->next);
	CHECK_STR(rig.daemon.chores->service, "web");
	chores_end(&rig.daemon);
	uv_run(&loop, UV_RUN_DEFAULT);
	CHECK_INT(uv_loop_close(&loop), 0);
	uv_library_shutdown();
	stop(&rig);
	log_free(rig.daemon.log);
	check_remove(rig.dir);
}

TEST(who_lives_is_watched)
{
	struct rig rig;

	begin(&rig);
	start(&rig);
	put_records(rig.net.store);
	rig.net.owner_open = somebody;
	CHECK_INT(deaths_new(&rig.daemon), 0);
	CHECK_INT(ops_adopt(&rig.daemon, NULL), 0);
	CHECK_INT(engine_attachment_count(rig.daemon.engine), 1);
	CHECK(fcntl(rig.process, F_GETFD) >= 0);
	deaths_close(&rig.daemon);
	CHECK(fcntl(rig.process, F_GETFD) < 0);
	stop(&rig);
	log_free(rig.daemon.log);
	check_remove(rig.dir);
}

static int out_of_descriptors(void *platform _unused_, uint32_t pid _unused_,
			      struct net_owner *ret _unused_)
{
	return -EMFILE;
}

static int silent(void *platform)
{
	return CONTAINER_OF(platform, struct rig, fake)->process;
}

TEST(who_cannot_be_looked_at_is_not_cut_off)
{
	struct rig rig;
	uv_loop_t loop;

	begin(&rig);
	start(&rig);
	put_records(rig.net.store);
	rig.net.owner_open = out_of_descriptors;
	rig.net.links_fd = silent;
	rig.process = eventfd(0, EFD_CLOEXEC);
	CHECK_INT(uv_loop_init(&loop), 0);
	rig.daemon.loop = &loop;
	CHECK_INT(deaths_new(&rig.daemon), 0);
	CHECK_INT(ops_adopt(&rig.daemon, NULL), 0);
	CHECK_INT(deaths_start(&rig.daemon), 0);
	uv_run(&loop, UV_RUN_NOWAIT);
	CHECK(!deaths_busy(&rig.daemon));
	CHECK_INT(engine_attachment_count(rig.daemon.engine), 1);
	deaths_close(&rig.daemon);
	uv_run(&loop, UV_RUN_DEFAULT);
	close(rig.process);
	CHECK_INT(uv_loop_close(&loop), 0);
	uv_library_shutdown();
	stop(&rig);
	log_free(rig.daemon.log);
	check_remove(rig.dir);
}

TEST(a_host_that_nothing_of_ours_is_on_has_lost_nothing)
{
	struct rig rig;

	begin(&rig);
	start(&rig);
	rig.net.survey = find_none;
	CHECK(store_loss(rig.net.store).data && store_loss(rig.net.store).run);
	CHECK_INT(ops_adopt(&rig.daemon, NULL), 0);
	CHECK(!store_loss(rig.net.store).data && !store_loss(rig.net.store).run);
	stop(&rig);
	log_free(rig.daemon.log);
	check_remove(rig.dir);
}

TEST(where_a_store_was_emptied_nobody_is_cut_off)
{
	static const char *const stores[] = { "store/data.mdb", "run/store/data.mdb" };

	for (size_t i = 0; i < ARRAY_SIZE(stores); i++) {
		struct rig rig;
		char path[64];

		CASE("%s", stores[i]);
		begin(&rig);
		start(&rig);
		CHECK_INT(store_made_good(rig.net.store), 0);
		put_records(rig.net.store);
		stop(&rig);
		snprintf(path, sizeof(path), "%s/%s", rig.dir, stores[i]);
		CHECK_INT(truncate(path, 0), 0);
		rig.steps[STEP_CUT].run = count_cut;
		for (unsigned starts = 0; starts < 2; starts++) {
			start(&rig);
			CHECK_INT(ops_adopt(&rig.daemon, NULL), 0);
			CHECK_INT(rig.n_cut, 0);
			stop(&rig);
		}
		log_free(rig.daemon.log);
		check_remove(rig.dir);
	}
}

static int find_node(void *arg, const struct state_record *record)
{
	*(struct state_node *)arg = record->node;
	return 0;
}

static struct state_node stored_node(struct store *store)
{
	struct state_node node = { .version = 0 };

	CHECK_INT(store_each(store, STATE_RECORD_NODE, find_node, &node), 0);
	return node;
}

TEST(a_store_of_a_newer_form_is_left_alone)
{
	static const struct state_record newer = { .kind = STATE_RECORD_NODE,
						   .node = { .version = 3, .node_id = 7 } };
	struct rig rig;

	begin(&rig);
	start(&rig);
	CHECK_INT(store_put(rig.net.store, &newer), 0);
	put_records(rig.net.store);
	CHECK_INT(store_made_good(rig.net.store), 0);
	rig.steps[STEP_CUT].run = count_cut;
	CHECK_INT(ops_adopt(&rig.daemon, NULL), -EPROTONOSUPPORT);
	CHECK(strstr(engine_reason(rig.daemon.engine), "its form is 3"));
	CHECK_INT(rig.n_cut, 0);
	CHECK_INT(stored_node(rig.net.store).version, 3);
	CHECK_INT(stored_node(rig.net.store).node_id, 7);
	stop(&rig);
	log_free(rig.daemon.log);
	check_remove(rig.dir);
}

TEST(an_older_form_is_raised_and_a_new_store_has_one)
{
	static const struct state_record older = { .kind = STATE_RECORD_NODE,
						   .node = { .version = 1, .node_id = 7 } };
	struct rig rig;

	begin(&rig);
	rig.net.survey = find_none;
	start(&rig);
	CHECK_INT(ops_adopt(&rig.daemon, NULL), 0);
	CHECK_INT(stored_node(rig.net.store).version, 2);
	CHECK_INT(store_put(rig.net.store, &older), 0);
	stop(&rig);
	start(&rig);
	CHECK(!store_loss(rig.net.store).data);
	CHECK_INT(ops_adopt(&rig.daemon, NULL), 0);
	CHECK_INT(stored_node(rig.net.store).version, 2);
	CHECK_INT(stored_node(rig.net.store).node_id, 7);
	stop(&rig);
	log_free(rig.daemon.log);
	check_remove(rig.dir);
}

static void put_raw(const struct rig *rig, const char *key, const char *value)
{
	struct environment_options options = { .synced = true };
	struct environment *env;
	char dir[64], *moved;

	snprintf(dir, sizeof(dir), "%s/store", rig->dir);
	options.dir = dir;
	CHECK_INT(environment_open(&options, &env, &moved), 0);
	environment_begin(env);
	environment_put(env, view(key), view(value));
	CHECK_INT(environment_end(env, 0), 0);
	environment_close(env);
}

static void count(void *arg, struct ovd_view key _unused_, const char *why _unused_)
{
	++*(unsigned *)arg;
}

static int take_any(void *arg _unused_, const struct state_record *record _unused_)
{
	return 0;
}

TEST(a_nodes_record_that_cannot_be_read_stays)
{
	unsigned n_unread = 0;
	struct rig rig;

	begin(&rig);
	rig.net.survey = find_none;
	put_raw(&rig, "0 node ", "{\"record\":\"node\"}");
	start(&rig);
	CHECK_INT(ops_adopt(&rig.daemon, NULL), 0);
	CHECK_INT(store_load(rig.net.store, take_any, count, &n_unread), 0);
	CHECK_INT(n_unread, 1);
	stop(&rig);
	log_free(rig.daemon.log);
	check_remove(rig.dir);
}
