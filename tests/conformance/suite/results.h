/* What a run has found out: one result for each check. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/arena.h"
#include "runtime/util.h"
#include "runtime/view.h"

#define DETAIL_MAX 600

enum outcome {
	OUTCOME_NOT_RUN,
	OUTCOME_PASSED,
	OUTCOME_FAILED,
	OUTCOME_SKIPPED, /* can't be told here, or was not asked for */
};

/* One check. Texts are literals or lie in the results' arena. */
struct result {
	struct result *next;
	const char *id;      /* as in framing.length-zero; never changes its meaning */
	const char *says;    /* what the contract says: a sentence */
	const char *section; /* and where: file and heading */
	const char *known;   /* why it is known to fail; NULL if it isn't */
	bool selected;       /* to be run and reported */
	enum outcome outcome;
	size_t n_cases;          /* how many inputs it has tried */
	size_t n_failed;         /* and how many of them failed */
	uint64_t ms;             /* how long it took */
	char detail[DETAIL_MAX]; /* of the first failure, or why it was skipped: printable UTF-8 */
};

/* {0} is empty. In the order in which they were added. */
struct results {
	struct result *first, *last;
	struct arena arena;
	const char *name; /* of what was run: codec or server */
};

/* What a report says of a result. */
enum verdict {
	VERDICT_PASSED,
	VERDICT_FAILED,
	VERDICT_SKIPPED,
	VERDICT_KNOWN,      /* failed, as was known */
	VERDICT_UNEXPECTED, /* passed, but is known to fail: the list is wrong */
	VERDICT_MAX_,
};

/* The result of this id, added at the end if there is none. The texts are not copied. NULL: no
 * memory. */
struct result *results_add(struct results *all, const char *id, const char *says,
			   const char *section);

/* The same with an id and a sentence that are made by a format and copied. */
struct result *results_add_made(struct results *all, const char *section, const char *says,
				const char *format, ...) _printf_(4, 5);

/* NULL if there is none. */
struct result *results_find(const struct results *all, struct ovd_view id);

/* Selects those whose id matches one of n patterns of fnmatch(3), all if n is 0. How many. */
size_t results_select(struct results *all, const char *const *patterns, size_t n);

void results_done(struct results *all);

/* One more input was tried and was as it must be. */
void result_pass(struct result *result);

/* One more was tried and was not; the first one's text is kept, with control bytes and broken UTF-8
 * made visible. */
void result_fail(struct result *result, const char *format, ...) _printf_(2, 3);

/* The check can't be made. */
void result_skip(struct result *result, const char *format, ...) _printf_(2, 3);

enum verdict result_verdict(const struct result *result);

/* passed, failed, skipped, known, unexpected. */
const char *verdict_name(enum verdict verdict);

/* How many of those that were selected have each verdict. */
void results_count(const struct results *all, size_t counts[VERDICT_MAX_]);
