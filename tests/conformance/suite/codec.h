/* What a decoder and encoder is checked with. */
#pragma once

#include <stdint.h>

#include "runtime/codec.h"
#include "tests/conformance/suite/results.h"
#include "tests/conformance/suite/testee.h"

/* frame, request, response, event. */
#define CODEC_TYPES 4
extern const char *const codec_types[CODEC_TYPES];

/* One body and what must come of it. */
struct codec_case {
	const char *name;
	struct ovd_view body;      /* of a base BUF_SLACK bytes behind it are readable */
	struct ovd_view canonical; /* of an accepted one */
	bool accepted;
	bool base; /* one of the newest line's: mutants are made from it */
	struct result *result;
};

struct codec_list {
	struct codec_case *items;
	size_t n, room;
};

/* All of them. {0} is empty, of JSON. */
struct codec_cases {
	enum ovd_codec codec; /* of all bodies */
	struct codec_list of[CODEC_TYPES];
	struct arena arena;
};

/* Reads the vectors in a folder: the cases, in cases->codec, and a result for each group of them;
 * what only JSON can say is left out of others. Negative errno, and the file's name in `fault`. */
int codec_cases_load(struct codec_cases *cases, const char *folder, struct results *results,
		     struct buf *fault);
void codec_cases_done(struct codec_cases *cases);

/* Adds the checks that have no vectors: of the testee itself, and of mutants. -ENOMEM. */
int codec_add_others(struct results *results);

/* How mutants are made. */
struct codec_mutation {
	unsigned per_vector;
	uint64_t seed; /* not 0 */
};

/* The beginning of a body, for a message: hexadecimal unless it is text. */
struct codec_shown {
	char text[300];
};
const char *codec_show(enum ovd_codec codec, struct ovd_view body, struct codec_shown *ret);

/* Both run what is selected. `testee` has all but the type. 0; -ENOEXEC, and the reason in `fault`;
 * negative errno. */
int codec_run_cases(const struct codec_cases *cases, struct results *results,
		    const struct testee *testee, struct buf *fault);
int codec_run_mutants(const struct codec_cases *cases, struct results *results,
		      const struct testee *testee, const struct codec_mutation *mutation,
		      struct buf *fault);
