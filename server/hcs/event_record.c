#include "server/hcs/event_record.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "runtime/util.h"
#include "server/hcs/event_stream.h"
#include "server/hcs/exit_status.h"
#include "server/hcs/hcs.h"

static uint64_t now_unix_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static enum hcs_event_kind kind_of(uint32_t type)
{
	switch (type) {
	case HCS_TYPE_SYSTEM_EXITED:
		return HCS_EVENT_KIND_EXITED;
	case HCS_TYPE_CRASH_INITIATED:
		return HCS_EVENT_KIND_CRASH_INITIATED;
	case HCS_TYPE_CRASH_REPORT:
		return HCS_EVENT_KIND_CRASH_REPORT;
	case HCS_TYPE_GUEST_CONNECTION_CLOSED:
		return HCS_EVENT_KIND_GUEST_CONNECTION_CLOSED;
	case HCS_TYPE_SERVICE_DISCONNECT:
		return HCS_EVENT_KIND_SERVICE_DISCONNECTED;
	default:
		return HCS_EVENT_KIND_OTHER;
	}
}

struct event_record event_record_plain(enum hcs_event_kind kind)
{
	return (struct event_record){ .kind = kind, .at_unix_ms = now_unix_ms() };
}

struct event_record event_record_make(uint32_t type, struct ovd_view data)
{
	struct event_record record = event_record_plain(kind_of(type));

	record.type = type;
	record.truncated = data.n > EVENT_DATA_MAX;
	if (!data.p)
		return record;
	data.n = MIN(data.n, EVENT_DATA_MAX);
	data.n = view_whole(data);
	record.data = malloc(data.n + 1);
	if (!record.data) {
		record.truncated = true;
		return record;
	}
	memcpy(record.data, data.p, data.n);
	record.data[data.n] = '\0';
	record.n = data.n;
	return record;
}

void event_record_done(struct event_record *record)
{
	free(record->data);
	*record = (struct event_record){ .data = NULL };
}

bool event_record_is_last(const struct event_record *record)
{
	switch (record->kind) {
	case HCS_EVENT_KIND_EXITED:
	case HCS_EVENT_KIND_SERVICE_DISCONNECTED:
	case HCS_EVENT_KIND_CLOSED:
		return true;
	case HCS_EVENT_KIND_OTHER:
	case HCS_EVENT_KIND_CRASH_INITIATED:
	case HCS_EVENT_KIND_CRASH_REPORT:
	case HCS_EVENT_KIND_GUEST_CONNECTION_CLOSED:
	case HCS_EVENT_KIND_LAGGED:
		break;
	}
	return false;
}

int event_record_show(const struct event_record *record, struct ovd_view system, bool crashed,
		      struct arena *arena, struct hcs_event *ret)
{
	struct hcs_event shown = {
		.system = system,
		.at_unix_ms = record->at_unix_ms,
		.event = record->kind,
		.has_type = record->kind == HCS_EVENT_KIND_OTHER,
		.type = record->type,
		.has_lagged = record->kind == HCS_EVENT_KIND_LAGGED,
		.lagged = record->lagged,
		.has_exit = record->kind == HCS_EVENT_KIND_EXITED,
		.has_truncated = record->truncated,
		.truncated = record->truncated,
	};

	if (record->data) {
		shown.data =
			(struct ovd_view){ arena_copy(arena, record->data, record->n), record->n };
		if (!shown.data.p)
			return -ENOMEM;
	}
	if (shown.has_exit)
		exit_status_read(shown.data, crashed, arena, &shown.exit);
	*ret = shown;
	return 0;
}
