/* The records of tests/data/vectors. */
#pragma once

#include "runtime/buf.h"

/* One of them. Texts end in a NUL that their length doesn't count; all is gone when the function
 * that was given it returns. */
struct vector {
	struct ovd_view type;      /* frame, request, response, event */
	struct ovd_view name;      /* or, of a verdict, the mutation's */
	struct ovd_view body;      /* BUF_SLACK bytes behind it are readable */
	struct ovd_view canonical; /* absent: the body itself, or, of a verdict, nothing */
	bool verdict;              /* it says what is accepted; all others are */
	bool accepted;             /* by the published types */
	bool strict;               /* which is refused nevertheless, on purpose */
	struct ovd_view class;     /* of a strict one; absent for others */
};

/* Calls each for every record of a file until it returns something else than 0, and returns that;
 * else 0, -EBADMSG for a line that is no record, -ENOMEM, or the errno of reading. */
int vectors_each(const char *path, int (*each)(void *arg, const struct vector *vector), void *arg);
