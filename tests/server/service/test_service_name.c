#include "server/service/service_name.h"

#include "server/service/exit_code.h"
#include "tests/check.h"

static const struct {
	const char *instance, *name; /* NULL: refused */
} names[] = {
	{ "zlayer", "ZLayerDaemon" },
	{ "zlayer-overlayd", "ZLayerDaemon-Overlayd" },
	{ SERVICE_INSTANCE, "ZLayerDaemon-Overlayd" },
	{ "overlayd", "ZLayerDaemon-Overlayd" },
	{ "zlayer-zlayer-x", "ZLayerDaemon-Zlayer-x" },
	{ "Test", "ZLayerDaemon-Test" },
	{ "2nd", "ZLayerDaemon-2nd" },
	{ "zlayerx", "ZLayerDaemon-Zlayerx" },
	{ "a b", "ZLayerDaemon-A b" },
	{ "", NULL },
	{ "zlayer-", NULL },
	{ "a/b", NULL },
	{ "a\\b", NULL },
	{ "a\nb", NULL },
	{ "\303\244", NULL },
};

TEST(service_name)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char name[SERVICE_NAME_MAX] = "untouched";

		CASE("%s", names[i].instance);
		CHECK_INT(service_name(names[i].instance, name), names[i].name ? 0 : -EINVAL);
		CHECK_STR(name, names[i].name ? names[i].name : "untouched");
	}
}

TEST(the_longest)
{
	char instance[SERVICE_NAME_MAX] = "", name[SERVICE_NAME_MAX];

	memset(instance, 'x', 256 - strlen("ZLayerDaemon-"));
	CHECK_INT(service_name(instance, name), 0);
	CHECK_INT(strlen(name), 256);
	strncat(instance, "x", 2);
	CHECK_INT(service_name(instance, name), -EINVAL);
}

/* What monitors read must not change its meaning. */
TEST(exit_codes)
{
	CHECK_STR(service_exit_text(0), "stopped as asked");
	CHECK_STR(service_exit_text(1), "wrong command line");
	CHECK_STR(service_exit_text(2), "the data dir can't be used");
	CHECK_STR(service_exit_text(3), "the log file can't be opened");
	CHECK_STR(service_exit_text(4), "the pipe can't be made");
	CHECK_STR(service_exit_text(5), "no memory, no thread or no event loop");
	CHECK_STR(service_exit_text(6), "it ended without being asked to");
	CHECK_STR(service_exit_text(7), "another overlayd has the data dir");
	CHECK_STR(service_exit_text(8), "an unknown reason");
}
