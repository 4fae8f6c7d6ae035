#include "tests/server/store/records.h"

#include <string.h>

#include "server/store/record.h"
#include "tests/check.h"

static const struct state_prefix block = { .ip = { .len = 4, .b = { 10, 200, 4, 64 } },
					   .length = 26 };

const struct state_record node = { .kind = STATE_RECORD_NODE,
				   .node = { .version = 1, .node_id = 7 } };
const struct state_record web = {
	.kind = STATE_RECORD_SERVICE,
	.service = { .name = VIEW_LITERAL("web"),
		     .mode = STATE_MODE_ISOLATED,
		     .link = VIEW_LITERAL("zl-web-b"),
		     .blocks = { &block, 1 } },
};
const struct state_record peer = {
	.kind = STATE_RECORD_PEER,
	.peer = { .key = VIEW_LITERAL("AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
		  .endpoint = VIEW_LITERAL("192.0.2.1:51820"),
		  .keepalive = 25,
		  .allowed = { &block, 1 } },
};
const struct state_record container = {
	.kind = STATE_RECORD_ATTACHMENT,
	.attachment = { .netns_dev = 4,
			.netns_ino = 4026532000,
			.pid = 77,
			.start_time = 123456,
			.service = VIEW_LITERAL("web"),
			.ip = { .len = 4, .b = { 10, 200, 4, 66 } } },
};
const struct state_record lease = {
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

void check_read(struct store *s, const char *wanted, unsigned n_unread)
{
	struct list list = { .text = { .n = 0 } };

	CHECK_INT(buf_text(&list.text, ""), 0);
	CHECK_INT(store_load(s, add_record, add_unread, &list), 0);
	CHECK_INT(list.n_unread, n_unread);
	CHECK_VIEW(buf_view(&list.text), wanted);
	buf_done(&list.text);
}

void check_all(struct store *s, const char *wanted)
{
	check_read(s, wanted, 0);
}
