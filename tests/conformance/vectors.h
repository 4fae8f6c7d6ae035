/* The records of tests/data/vectors. */
#pragma once

#include <stdbool.h>

#include "runtime/table.h"
#include "schema/overlayd.h"
#include "tests/check.h"

struct record {
	const char *type;     /* frame, request, response, event */
	const char *name;     /* or the mutation's */
	struct ovd_view body; /* on the edge of a page, BUF_SLACK before its end */
	bool accepted;        /* and not refused by us on purpose */
	bool has_canonical;
	struct ovd_view canonical;
};

/* Large enough for a value of any type. */
union document {
	struct ovd_frame frame;
	struct ovd_request request;
	struct ovd_response response;
	struct ovd_event event;
};

/* The table of the record's type. */
const struct ovd_table *record_table(const struct record *record);

/* Calls each for every record of a file; the test ends if the file can't be read. Returns how many
 * there were. */
size_t each_record(const char *path, void (*each)(const struct record *record));

/* Decodes and encodes as the record's type: "A" and the text, or "R" and the reason, in the arena
 * of `out`. */
bool recode(const struct record *record, struct ovd_view body, struct buf *out);
