#include "runtime/paths.h"

#include "tests/check.h"

static const struct paths_env root = { .euid = 0, .home = "/root" },
			      user = { .euid = 1000, .home = "/home/u" };

TEST(data_dir)
{
	struct paths_env env = user;
	char text[PATHS_MAX];

	CHECK_STR(paths_data_dir(&root, text), "/var/lib/zlayer");
	CHECK_STR(paths_data_dir(&user, text), "/home/u/.zlayer");
	env.data_dir = "/data";
	CHECK_STR(paths_data_dir(&env, text), "/data");
	env = (struct paths_env){ .euid = 1000 };
	CHECK_STR(paths_data_dir(&env, text), "/var/lib/zlayer");
}

TEST(socket)
{
	struct paths_env env = root;
	char dir[120] = "/", text[PATHS_MAX];

	CHECK_STR(paths_socket(&root, "/var/lib/zlayer", text), "/var/run/zlayer-overlayd.sock");
	CHECK_STR(paths_socket(&user, "/home/u/.zlayer", text), "/var/run/zlayer-overlayd.sock");
	CHECK_STR(paths_socket(&user, "/var/lib/zlayer", text),
		  "/var/lib/zlayer/run/zlayer-overlayd.sock");
	env.data_dir = "/data"; /* doesn't count here */
	CHECK_STR(paths_socket(&env, "/data", text), "/data/run/zlayer-overlayd.sock");
	CHECK_STR(paths_socket(&root, "/data/", text), "/data/run/zlayer-overlayd.sock");
	memset(dir + 1, 'd', 77); /* 78 and 25 are 103 bytes: the longest that is used */
	CHECK_INT(strlen(paths_socket(&root, dir, text)), PATHS_SOCKET_MAX);
	dir[78] = 'd';
	CHECK(strncmp(paths_socket(&root, dir, text), "/tmp/zlayer-overlayd-", 21) == 0);
	CHECK_INT(strlen(text), 21 + 16 + 5);
	dir[78] = '/'; /* adds nothing */
	CHECK_INT(strlen(paths_socket(&root, dir, text)), PATHS_SOCKET_MAX);
}

/* Paths are compared as the reference compares them: by their parts. */
TEST(one_directory_by_many_names)
{
	static const struct {
		const char *dir;
		bool same;
	} names[] = {
		{ "/var/lib/zlayer", true },
		{ "/var/lib/zlayer/", true },
		{ "/var/lib/zlayer//", true },
		{ "//var///lib/zlayer", true },
		{ "/var/./lib/zlayer/.", true },
		{ "/var/lib/zlayer/..", false },
		{ "/var/lib/zlayer/x", false },
		{ "/var/lib/zlaye", false },
		{ "/var/lib/zlayerx", false },
		{ "/var/lib/.zlayer", false },
		{ "/var/lib", false },
		{ "var/lib/zlayer", false },
		{ "/", false },
		{ ".", false },
	};
	char text[PATHS_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		CASE("%s", names[i].dir);
		CHECK_INT(strcmp(paths_socket(&root, names[i].dir, text),
				 "/var/run/zlayer-overlayd.sock") == 0,
			  names[i].same);
		CHECK_INT(strcmp(paths_log_dir(&root, names[i].dir, text), "/var/log/zlayer") == 0,
			  names[i].same);
	}
}

TEST(log_dir)
{
	char text[PATHS_MAX];

	CHECK_STR(paths_log_dir(&root, "/var/lib/zlayer", text), "/var/log/zlayer");
	CHECK_STR(paths_log_dir(&root, "/data", text), "/data/logs");
	CHECK_STR(paths_log_dir(&root, "/", text), "/logs");
}
