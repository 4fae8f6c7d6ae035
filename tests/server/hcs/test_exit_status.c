#include "server/hcs/exit_status.h"

#include "tests/check.h"

static const struct {
	const char *document;
	bool crashed, success;
	enum hcs_exit_type type;
	bool has_status;
	int32_t status;
	const char *reason;
} rows[] = {
	{ "{\"Status\":0,\"ExitType\":\"GracefulExit\"}", false, true, HCS_EXIT_TYPE_GRACEFUL, true,
	  0, "ended gracefully, status 0" },
	{ "{\"Status\":1,\"ExitType\":\"GracefulExit\",\"Attribution\":[{}]} ", false, true,
	  HCS_EXIT_TYPE_GRACEFUL, true, 1, "ended gracefully, 0x00000001" },
	{ "{\"Status\":-2143878906,\"ExitType\":\"UnexpectedExit\"}", false, false,
	  HCS_EXIT_TYPE_UNEXPECTED, true, (int32_t)0x80370106,
	  "ended unexpectedly, HCS_E_UNEXPECTED_EXIT (0x80370106): it ended unexpectedly" },
	/* the same status without a sign */
	{ "{\"Status\":2151088390,\"ExitType\":\"UnexpectedExit\"}", false, false,
	  HCS_EXIT_TYPE_UNEXPECTED, true, (int32_t)0x80370106, NULL },
	/* a crash is never success, whatever stands beside it */
	{ "{\"Status\":0,\"ExitType\":\"UnexpectedExit\"}", false, false, HCS_EXIT_TYPE_UNEXPECTED,
	  true, 0, "ended unexpectedly, status 0" },
	{ "{\"Status\":0,\"ExitType\":\"GracefulExit\"}", true, false, HCS_EXIT_TYPE_GRACEFUL, true,
	  0, "crashed, ended gracefully, status 0" },
	{ "{\"Status\":-1,\"ExitType\":\"GracefulExit\"}", false, false, HCS_EXIT_TYPE_GRACEFUL,
	  true, -1, NULL },
	{ "{\"Status\":0,\"ExitType\":\"ForcedExit\"}", false, false, HCS_EXIT_TYPE_FORCED, true, 0,
	  "was terminated, status 0" },
	{ "{\"Status\":0,\"ExitType\":\"None\"}", false, false, HCS_EXIT_TYPE_NONE, true, 0, NULL },
	{ "{\"Status\":0,\"ExitType\":\"Unknown\"}", false, false, HCS_EXIT_TYPE_UNKNOWN, true, 0,
	  NULL },
	{ "{\"Status\":0,\"ExitType\":\"gracefulexit\"}", false, false, HCS_EXIT_TYPE_UNKNOWN, true,
	  0, NULL },
	/* the key that the reference looks for, which the document doesn't have */
	{ "{\"ExitCode\":0}", false, false, HCS_EXIT_TYPE_UNKNOWN, false, 0,
	  "ended, how is unknown, without a status" },
	{ "{\"Status\":0}", false, false, HCS_EXIT_TYPE_UNKNOWN, true, 0, NULL },
	{ "{\"ExitType\":\"GracefulExit\"}", false, false, HCS_EXIT_TYPE_GRACEFUL, false, 0, NULL },
	{ "{\"Status\":\"0\",\"ExitType\":\"GracefulExit\"}", false, false, HCS_EXIT_TYPE_GRACEFUL,
	  false, 0, NULL },
	{ "{\"Status\":0.0,\"ExitType\":\"GracefulExit\"}", false, false, HCS_EXIT_TYPE_GRACEFUL,
	  false, 0, NULL },
	{ "{\"Status\":null,\"ExitType\":null}", false, false, HCS_EXIT_TYPE_UNKNOWN, false, 0,
	  NULL },
	{ "{\"Status\":4294967296,\"ExitType\":\"GracefulExit\"}", false, false,
	  HCS_EXIT_TYPE_GRACEFUL, false, 0, NULL },
	{ "{\"Status\":99999999999999999999,\"ExitType\":\"GracefulExit\"}", false, false,
	  HCS_EXIT_TYPE_GRACEFUL, false, 0, NULL },
	{ "{\"Status\":0,\"ExitType\":\"GracefulExit\"", false, false, HCS_EXIT_TYPE_UNKNOWN, false,
	  0, NULL },
	{ "{\"Status\":0,\"ExitType\":\"GracefulExit\"}x", false, false, HCS_EXIT_TYPE_UNKNOWN,
	  false, 0, NULL },
	{ "[]", false, false, HCS_EXIT_TYPE_UNKNOWN, false, 0, NULL },
	{ "0", false, false, HCS_EXIT_TYPE_UNKNOWN, false, 0, NULL },
	{ "null", false, false, HCS_EXIT_TYPE_UNKNOWN, false, 0, NULL },
	{ "", false, false, HCS_EXIT_TYPE_UNKNOWN, false, 0, NULL },
	{ NULL, false, false, HCS_EXIT_TYPE_UNKNOWN, false, 0,
	  "ended, how is unknown, without a status" },
};

TEST(exit_status)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
		struct hcs_exit e;

		CASE("%s%s", rows[i].document ? rows[i].document : "(none)",
		     rows[i].crashed ? ", crashed" : "");
		exit_status_read(view(rows[i].document), rows[i].crashed, &arena, &e);
		CHECK_INT(e.success, rows[i].success);
		CHECK_INT(e.type, rows[i].type);
		CHECK_INT(e.has_status, rows[i].has_status);
		CHECK_INT(e.status, rows[i].status);
		CHECK(e.reason.n > 0);
		if (rows[i].reason)
			CHECK_VIEW(e.reason, rows[i].reason);
	}
}
