#include "server/ipc/err_code.h"

#include <errno.h>
#include <stdio.h>

#include "tests/check.h"

static const struct {
	int number;
	const char *code;
	bool retryable;
} rows[] = {
	{ EINVAL, "invalid", false },
	{ ERANGE, "invalid", false },
	{ E2BIG, "invalid", false },
	{ ENOTSUP, "not_built", false },
	{ EOPNOTSUPP, "not_built", false },
	{ ENOENT, "not_found", false },
	{ ESRCH, "not_found", false },
	{ EEXIST, "exists", false },
	{ EADDRINUSE, "exists", false },
	{ ENOSPC, "exhausted", false },
	{ EADDRNOTAVAIL, "exhausted", false },
	{ EPERM, "not_permitted", false },
	{ EACCES, "not_permitted", false },
	{ EBUSY, "busy", true },
	{ ETIMEDOUT, "timed_out", true },
	{ ENOMEM, "no_memory", true },
	{ ENOBUFS, "no_memory", true },
	{ ENOTCONN, "unavailable", true },
	{ EPIPE, "unavailable", true },
	{ ENODEV, "unavailable", true },
	{ ENETDOWN, "unavailable", true },
	{ ECANCELED, "unavailable", true },
	{ ESHUTDOWN, "unavailable", true },
	{ EIO, "failed", false },
	{ EMSGSIZE, "failed", false },
	{ 0, "failed", false },
	{ 4096, "failed", false },
};

TEST(every_row)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ovd_err err = err_of(-rows[i].number, view("text"));

		CASE("%d", rows[i].number);
		CHECK_VIEW(err.message, "text");
		CHECK_VIEW(err.code, rows[i].code);
		CHECK_INT(err.has_retryable, rows[i].retryable); /* left out where it isn't so */
		CHECK_INT(err.retryable, rows[i].retryable);
		CHECK(!err.field.p && !err.has_offset);
	}
}

/* A code that the schema doesn't name is no code. */
TEST(the_schema_names_them)
{
	char schema[65536];
	FILE *file = fopen("schema/overlayd.proto", "re");
	const char *err, *end;
	size_t n;

	CHECK(file);
	n = fread(schema, 1, sizeof(schema) - 1, file);
	fclose(file);
	schema[n] = '\0';
	err = strstr(schema, "\nmessage Err {");
	CHECK(err);
	end = strstr(err, "optional string code");
	CHECK(end);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CASE("%s", rows[i].code);
		CHECK(memmem(err, (size_t)(end - err), rows[i].code, strlen(rows[i].code)));
	}
	CHECK(memmem(err, (size_t)(end - err), "malformed", 9));
}
