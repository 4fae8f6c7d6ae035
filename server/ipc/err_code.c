#include "server/ipc/err_code.h"

#include <errno.h>

#include "runtime/util.h"

static const struct {
	int number;
	bool retryable;
	struct ovd_view code;
} codes[] = {
	{ EINVAL, false, VIEW_LITERAL("invalid") },
	{ ERANGE, false, VIEW_LITERAL("invalid") },
	{ E2BIG, false, VIEW_LITERAL("invalid") },
	{ EOPNOTSUPP, false, VIEW_LITERAL("not_built") }, /* ENOTSUP is the same number */
	{ ENOENT, false, VIEW_LITERAL("not_found") },
	{ ESRCH, false, VIEW_LITERAL("not_found") },
	{ EEXIST, false, VIEW_LITERAL("exists") },
	{ EADDRINUSE, false, VIEW_LITERAL("exists") },
	{ ENOSPC, false, VIEW_LITERAL("exhausted") },
	{ EADDRNOTAVAIL, false, VIEW_LITERAL("exhausted") },
	{ EPERM, false, VIEW_LITERAL("not_permitted") },
	{ EACCES, false, VIEW_LITERAL("not_permitted") },
	{ EBUSY, true, VIEW_LITERAL("busy") },
	{ ETIMEDOUT, true, VIEW_LITERAL("timed_out") },
	{ ENOMEM, true, VIEW_LITERAL("no_memory") },
	{ ENOBUFS, true, VIEW_LITERAL("no_memory") },
	{ ENOTCONN, true, VIEW_LITERAL("unavailable") },
	{ EPIPE, true, VIEW_LITERAL("unavailable") },
	{ ENODEV, true, VIEW_LITERAL("unavailable") }, /* a link went while we worked on it */
	{ ENETDOWN, true, VIEW_LITERAL("unavailable") },
	{ ECANCELED, true, VIEW_LITERAL("unavailable") }, /* what was asked is being taken down */
	{ ESHUTDOWN, true, VIEW_LITERAL("unavailable") }, /* and the daemon with it */
};

struct ovd_err err_of(int r, struct ovd_view message)
{
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (codes[i].number == -r)
			return (struct ovd_err){ .message = message,
						 .code = codes[i].code,
						 .has_retryable = codes[i].retryable,
						 .retryable = codes[i].retryable };
	return (struct ovd_err){ .message = message, .code = VIEW_LITERAL("failed") };
}
