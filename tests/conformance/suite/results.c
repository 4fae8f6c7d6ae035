#include "tests/conformance/suite/results.h"

#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "runtime/buf.h"

struct result *results_find(const struct results *all, struct ovd_view id)
{
	for (struct result *r = all->first; r; r = r->next)
		if (view_eq(view(r->id), id))
			return r;
	return NULL;
}

struct result *results_add(struct results *all, const char *id, const char *says,
			   const char *section)
{
	struct result *r = results_find(all, view(id));

	if (r)
		return r;
	r = arena_alloc(&all->arena, sizeof(*r));
	if (!r)
		return NULL;
	*r = (struct result){ .id = id, .says = says, .section = section };
	if (all->last)
		all->last->next = r;
	else
		all->first = r;
	all->last = r;
	return r;
}

struct result *results_add_made(struct results *all, const char *section, const char *says,
				const char *format, ...)
{
	struct result *r;
	char id[256];
	va_list args;

	va_start(args, format);
	vsnprintf(id, sizeof(id), format, args);
	va_end(args);
	r = results_find(all, view(id));
	if (r)
		return r;
	says = arena_copy(&all->arena, says, strlen(says));
	format = arena_copy(&all->arena, id, strlen(id));
	return says && format ? results_add(all, format, says, section) : NULL;
}

size_t results_select(struct results *all, const char *const *patterns, size_t n)
{
	size_t selected = 0;

	for (struct result *r = all->first; r; r = r->next) {
		r->selected = n == 0;
		for (size_t i = 0; i < n; i++)
			r->selected |= fnmatch(patterns[i], r->id, 0) == 0;
		selected += r->selected;
	}
	return selected;
}

void results_done(struct results *all)
{
	arena_done(&all->arena);
	*all = (struct results){ .first = NULL };
}

/* ---- texts ---- */

/* The length of the character at p, n bytes at most; 0 for what is none or is not to be printed. */
static size_t printable(const char *p, size_t n)
{
	unsigned char c = (unsigned char)*p;
	size_t length = c < 0x80   ? 1
			: c < 0xc2 ? 0
			: c < 0xe0 ? 2
			: c < 0xf0 ? 3
			: c < 0xf5 ? 4
				   : 0;
	unsigned char second = n > 1 ? (unsigned char)p[1] : 0;

	if (c < 0x20 || c == 0x7f || length > n)
		return 0;
	for (size_t i = 1; i < length; i++)
		if (((unsigned char)p[i] & 0xc0) != 0x80)
			return 0;
	if ((c == 0xe0 && second < 0xa0) || (c == 0xed && second > 0x9f) ||
	    (c == 0xf0 && second < 0x90) || (c == 0xf4 && second > 0x8f) ||
	    (c == 0xc2 && second < 0xa0) || (c == 0xef && second == 0xbf))
		return 0; /* overlong, a surrogate, beyond Unicode, a control, or near U+FFFE */
	return length;
}

static void put_printable(char detail[DETAIL_MAX], const char *text, size_t n)
{
	size_t at = 0, length;

	for (size_t i = 0; i < n && at + 8 < DETAIL_MAX; i += length) {
		length = printable(text + i, n - i);
		if (length > 0)
			memcpy(detail + at, text + i, length);
		else
			snprintf(detail + at, 5, "\\x%02x", (unsigned)(unsigned char)text[i]);
		at += length > 0 ? length : 4;
		length = MAX(length, (size_t)1);
	}
	detail[at] = '\0';
}

static void say(struct result *result, const char *format, va_list args)
{
	char text[2 * DETAIL_MAX];
	int n = vsnprintf(text, sizeof(text), format, args);

	put_printable(result->detail, text, n < 0 ? 0 : MIN((size_t)n, sizeof(text) - 1));
}

/* ---- outcomes ---- */

void result_pass(struct result *result)
{
	result->n_cases++;
	if (result->outcome == OUTCOME_NOT_RUN)
		result->outcome = OUTCOME_PASSED;
}

void result_fail(struct result *result, const char *format, ...)
{
	va_list args;

	result->n_cases++;
	if (result->n_failed++ == 0) {
		va_start(args, format);
		say(result, format, args);
		va_end(args);
	}
	result->outcome = OUTCOME_FAILED;
}

void result_skip(struct result *result, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(result, format, args);
	va_end(args);
	result->outcome = OUTCOME_SKIPPED;
}

enum verdict result_verdict(const struct result *result)
{
	switch (result->outcome) {
	case OUTCOME_PASSED:
		return result->known ? VERDICT_UNEXPECTED : VERDICT_PASSED;
	case OUTCOME_FAILED:
		return result->known ? VERDICT_KNOWN : VERDICT_FAILED;
	case OUTCOME_NOT_RUN:
	case OUTCOME_SKIPPED:
		break;
	}
	return VERDICT_SKIPPED;
}

const char *verdict_name(enum verdict verdict)
{
	static const char *const names[] = {
		[VERDICT_PASSED] = "passed",         [VERDICT_FAILED] = "failed",
		[VERDICT_SKIPPED] = "skipped",       [VERDICT_KNOWN] = "known",
		[VERDICT_UNEXPECTED] = "unexpected",
	};

	return names[verdict];
}

void results_count(const struct results *all, size_t counts[VERDICT_MAX_])
{
	memset(counts, 0, VERDICT_MAX_ * sizeof(*counts));
	for (const struct result *r = all->first; r; r = r->next)
		if (r->selected)
			counts[result_verdict(r)]++;
}
