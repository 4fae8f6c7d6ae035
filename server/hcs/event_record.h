/* One event on its way through a stream. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/arena.h"
#include "runtime/view.h"
#include "schema/hcs.h"

struct event_record {
	enum hcs_event_kind kind;
	uint32_t type; /* the service's number */
	uint64_t at_unix_ms;
	uint64_t lagged; /* how many are missing before it; of LAGGED itself how many it stands for
			  */
	char *data;      /* NULL: none */
	size_t n;
	bool truncated;
};

/* An event of that number, now, with a copy of at most EVENT_DATA_MAX bytes of data. Where there is
 * no memory it has no data, and counts as truncated. */
struct event_record event_record_make(uint32_t type, struct ovd_view data);
void event_record_done(struct event_record *record);

/* One without a number or data, now. */
struct event_record event_record_plain(enum hcs_event_kind kind);

/* Whether nothing comes after it. */
bool event_record_is_last(const struct event_record *record);

/* As it is shown, texts in the arena; crashed: a crash was noticed before. -ENOMEM. */
int event_record_show(const struct event_record *record, struct ovd_view system, bool crashed,
		      struct arena *arena, struct hcs_event *ret);
