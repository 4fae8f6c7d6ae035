#include "server/store/record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool record_is_durable(enum state_record_kind kind)
{
	switch (kind) {
	case STATE_RECORD_NODE:
	case STATE_RECORD_GLOBAL:
	case STATE_RECORD_SERVICE:
	case STATE_RECORD_PEER:
	case STATE_RECORD_IDENTITY:
		return true;
	case STATE_RECORD_ATTACHMENT:
	case STATE_RECORD_LEASE:
	case STATE_RECORD_SETTING:
		return false;
	}
	return false;
}

/* A handle that isn't a process is known by its id. */
static int put_owner(const struct state_attachment *a, char *p, size_t room)
{
	if (a->has_handle)
		return snprintf(p, room, "%s %.*s", state_handle_name(a->handle), VIEW(a->id));
	return snprintf(p, room, "netns %" PRIu64 ":%" PRIu64, a->netns_dev, a->netns_ino);
}

static int put_name(const struct state_record *record, char *p, size_t room)
{
	char ip[IP_TEXT_MAX];

	switch (record->kind) {
	case STATE_RECORD_NODE:
	case STATE_RECORD_GLOBAL:
		return 0;
	case STATE_RECORD_SERVICE:
		return snprintf(p, room, "%.*s", VIEW(record->service.name));
	case STATE_RECORD_PEER: /* base64 has no blank */
		return snprintf(p, room, "%.*s %.*s", VIEW(record->peer.key),
				VIEW(record->peer.service));
	case STATE_RECORD_ATTACHMENT:
		return put_owner(&record->attachment, p, room);
	case STATE_RECORD_LEASE:
		return snprintf(p, room, "%s", ip_format(&record->lease.ip, ip));
	case STATE_RECORD_IDENTITY:
		return snprintf(p, room, "%.*s", VIEW(record->identity.service));
	case STATE_RECORD_SETTING:
		return snprintf(p, room, "%.*s", VIEW(record->setting.path));
	}
	return 0;
}

struct ovd_view record_kind_prefix(enum state_record_kind kind, char text[RECORD_KEY_MAX])
{
	int n = snprintf(text, RECORD_KEY_MAX, "%u %s ", (unsigned)kind,
			 state_record_kind_name(kind));

	return (struct ovd_view){ .p = text, .n = (size_t)n };
}

struct ovd_view record_key(const struct state_record *record, char text[RECORD_KEY_MAX])
{
	size_t used = record_kind_prefix(record->kind, text).n;
	int more = put_name(record, text + used, RECORD_KEY_MAX - used);

	used += (size_t)more;
	return (struct ovd_view){ .p = text, .n = used < RECORD_KEY_MAX ? used : 0 };
}

struct ovd_view record_untold_prefix(size_t i, char text[RECORD_KEY_MAX])
{
	static const struct state_record nameless[RECORD_UNTOLD] = {
		{ .kind = STATE_RECORD_LEASE },
		{ .kind = STATE_RECORD_SETTING },
		{ .kind = STATE_RECORD_ATTACHMENT,
		  .attachment = { .has_handle = true, .handle = STATE_HANDLE_GUEST } },
		{ .kind = STATE_RECORD_ATTACHMENT,
		  .attachment = { .has_handle = true, .handle = STATE_HANDLE_HOST } },
	};

	return nameless[i].kind == STATE_RECORD_ATTACHMENT
		       ? record_key(&nameless[i], text)
		       : record_kind_prefix(nameless[i].kind, text);
}

int record_encode(const struct state_record *record, struct buf *out)
{
	return state_record_encode(record, out);
}

int record_decode(struct ovd_view value, struct buf *body, struct arena *arena,
		  struct state_record *ret, struct ovd_fault *fault)
{
	body->n = 0;
	if (buf_append(body, value.p, value.n) < 0 || buf_reserve(body, 1) < 0)
		return -ENOMEM;
	body->p[body->n] = '\0';
	return state_record_decode(buf_view(body), arena, ret, fault);
}
