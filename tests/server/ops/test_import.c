#include "server/ops/import.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "server/engine/start.h"
#include "server/store/record.h"
#include "server/store/store.h"
#include "tests/check.h"

/* RFC 7748 section 6.1: Alice's keys, and Bob's private one. */
#define ALICE     "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo="
#define ALICE_PUB "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo="
#define BOB       "XasIfmJKikt54X+Lg4AO5m87sSkmGLb9HC+LJ/+I4Os="

#define DEDICATED(name, port, private, public)                                                     \
	"{\"owner\":\"service:" name "\",\"kind\":\"wg-dedicated\",\"name\":\"zl-" name            \
	"-d\",\"id\":\"x\",\"subnet\":\"10.200.3.16/28\",\"wg_port\":" port                        \
	",\"wg_private_key\":\"" private "\",\"wg_public_key\":\"" public "\",\"interface\":"      \
									  "\"zl-" name "-d\"}"

struct rig {
	struct daemon daemon;
	struct net net;
	char dir[32], run[40], file[64];
};

static void begin(struct rig *rig)
{
	*rig = (struct rig){ .dir = "/tmp/import-XXXXXX" };
	CHECK(mkdtemp(rig->dir));
	snprintf(rig->run, sizeof(rig->run), "%s/run", rig->dir);
	snprintf(rig->file, sizeof(rig->file), "%s/agent_network.json", rig->dir);
	CHECK_INT(mkdir(rig->run, 0700), 0);
	rig->daemon = (struct daemon){ .net = &rig->net, .log = log_new(LOG_ERROR, LOG_TEXT) };
}

static void end(struct rig *rig)
{
	log_free(rig->daemon.log);
	CHECK_INT(unlink(rig->file), 0); /* which stays where it is */
	check_remove(rig->dir);
}

static void put_file(const struct rig *rig, const char *text)
{
	int fd = open(rig->file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CHECK_INT(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static int restore(void *arg, const struct state_record *record)
{
	const struct rig *rig = arg;

	CHECK_INT(engine_restore(rig->daemon.engine, record), 0);
	return 0;
}

static void unread(void *arg _unused_, struct ovd_view key, const char *why)
{
	check_fail(__FILE__, __LINE__, "%.*s: %s", VIEW(key), why);
}

static int list(void *arg, const struct state_record *record)
{
	CHECK_INT(record_encode(record, arg), 0);
	return buf_text(arg, "\n");
}

/* A daemon reads its store, and imports; then this is what it has written. */
static void start(struct rig *rig, const char *want)
{
	static const struct ovd_key private_key = { { 1 } }, public_key = { { 2 } };
	const struct store_options options = { .data_dir = rig->dir,
					       .run_dir = rig->run,
					       .boot_id = "boot" };
	struct buf written = { .n = 0 };
	struct store_moved moved;

	CHECK_INT(store_open(&options, &rig->net.store, &moved), 0);
	rig->daemon.engine = engine_new(&private_key, &public_key);
	CHECK_INT(store_load(rig->net.store, restore, unread, rig), 0);
	import_networks(&rig->daemon, rig->dir);
	CHECK_INT(buf_text(&written, ""), 0);
	CHECK_INT(store_load(rig->net.store, list, unread, &written), 0);
	CHECK_VIEW(buf_view(&written), want);
	buf_done(&written);
	engine_free(rig->daemon.engine);
	store_close(rig->net.store);
}

#define NODE "{\"record\":\"node\",\"version\":2,\"node_id\":0,\"imported\":true}\n"
#define WEB                                                                                        \
	"{\"record\":\"identity\",\"service\":\"web\",\"port\":51421,\"private_key\":\"" ALICE     \
	"\",\"public_key\":\"" ALICE_PUB "\"}\n"

TEST(tunnels_are_known_once)
{
	struct rig rig;

	begin(&rig);
	start(&rig, ""); /* there is no file */
	put_file(&rig,
		 "{\"version\":1,\"networks\":["
		 "{\"owner\":\"base\",\"kind\":\"hcn-internal\",\"name\":\"n\",\"id\":\"g\","
		 "\"subnet\":\"10.200.3.0/28\"}," DEDICATED("web", "51421", ALICE, ALICE_PUB) "]}");
	start(&rig, NODE WEB);
	put_file(&rig,
		 "{\"version\":1,\"networks\":[" DEDICATED("db", "51422", ALICE, ALICE_PUB) "]}");
	start(&rig, NODE WEB);
	end(&rig);
}

/* No port, another's public half, no keys, no name; and one that is well. */
/* clang-format off */
static const char nonsense[] =
	"{\"version\":1,\"networks\":["
	DEDICATED("a", "0", ALICE, ALICE_PUB) ","
	DEDICATED("b", "51422", BOB, ALICE_PUB) ","
	DEDICATED("c", "51423", "", "") ","
	DEDICATED("", "51424", ALICE, ALICE_PUB) ","
	DEDICATED("web", "51421", ALICE, ALICE_PUB) "]}";
/* clang-format on */

TEST(what_makes_no_sense_is_left_out)
{
	struct rig rig;

	begin(&rig);
	put_file(&rig, nonsense);
	start(&rig, NODE WEB);
	end(&rig);
}

TEST(a_file_that_makes_no_sense_is_left)
{
	static const char *const files[] = {
		"",
		"[]",
		"{\"version\":1",
		"{\"version\":1,\"networks\":[1]}",
		"{\"version\":2,\"networks\":[]}",
		"\xff\xfe",
	};
	struct rig rig;

	begin(&rig);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		CASE("%s", files[i]);
		put_file(&rig, files[i]);
		start(&rig, "");
	}
	put_file(&rig, "{\"version\":1,\"networks\":[]}");
	start(&rig, NODE);
	end(&rig);
}
