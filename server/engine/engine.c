#include "server/engine/engine.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/engine/imported.h"
#include "server/engine/record.h"

#define MARK_DIGITS 8

struct engine *engine_new(const struct ovd_key *private_key, const struct ovd_key *public_key)
{
	struct engine *e = calloc(1, sizeof(*e));
	char hex[KEY_HEX_MAX];

	if (!e)
		return NULL;
	e->private_key = *private_key;
	e->public_key = *public_key;
	key_format(public_key, e->public_text);
	snprintf(e->mark, sizeof(e->mark), "overlayd %.*s", MARK_DIGITS,
		 key_format_hex(public_key, hex));
	return e;
}

void engine_free(struct engine *e)
{
	if (!e)
		return;
	engine_adopted(e);
	engine_free_attachments(e);
	engine_free_services(e);
	peers_free(e, &e->peers);
	explicit_bzero(&e->private_key, sizeof(e->private_key));
	spare_done(&e->spare);
	free(e->occupied);
	free(e->lost);
	engine_free_imported(e);
	free(e);
}

const char *engine_reason(const struct engine *e)
{
	return e->reason;
}

int engine_refuse(struct engine *e, int r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(e->reason, sizeof(e->reason), format, args);
	va_end(args);
	return r;
}

void engine_commit(struct engine *e, struct intent *intent)
{
	if (intent)
		intent->commit(e, intent);
}

void engine_drop(struct engine *e, struct intent *intent)
{
	if (intent)
		intent->drop(e, intent);
}

struct node_intent {
	struct intent intent;
	uint64_t node_id;
};

static void node_drop(struct engine *e, struct intent *intent)
{
	struct node_intent *i = CONTAINER_OF(intent, struct node_intent, intent);

	spare_give(&e->spare, i, sizeof(*i));
}

static void node_commit(struct engine *e, struct intent *intent)
{
	e->node_id = CONTAINER_OF(intent, struct node_intent, intent)->node_id;
	node_drop(e, intent);
}

int engine_set_node_id(struct engine *e, uint64_t node_id, struct plan *plan, struct intent **ret)
{
	struct state_record record = record_of_node(e);
	struct node_intent *i;
	int r;

	if (e->node_id == node_id)
		return -EALREADY;
	record.node.node_id = node_id;
	r = plan_remember(plan, record);
	if (r < 0)
		return r;
	i = spare_take(&e->spare, sizeof(*i));
	if (!i)
		return -ENOMEM;
	*i = (struct node_intent){ { .commit = node_commit, .drop = node_drop }, node_id };
	*ret = &i->intent;
	return 0;
}

void engine_watch_peers(struct engine *e,
			void (*changed)(void *arg, const struct state_record *record, bool there),
			void *arg)
{
	e->peer_changed = changed;
	e->peer_changed_arg = arg;
}

const struct ovd_key *engine_public_key(const struct engine *e)
{
	return &e->public_key;
}

const char *engine_public_text(const struct engine *e)
{
	return e->public_text;
}

const char *engine_mark(const struct engine *e)
{
	return e->mark;
}

void text_copy(char *to, size_t size, struct ovd_view text)
{
	size_t n = MIN(text.n, size - 1);

	memcpy(to, text.p, n);
	to[n] = '\0';
}
