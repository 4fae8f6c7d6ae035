#include "runtime/paths.h"

#include "tests/check.h"

TEST(data_dir)
{
	static const struct {
		struct paths_env env;
		const char *dir;
	} rows[] = {
		{ { .program_data = "D:\\PD" }, "D:\\PD\\ZLayer" },
		{ { .program_data = "" }, "C:\\ProgramData\\ZLayer" },
		{ { .home = "C:\\Users\\x" }, "C:\\ProgramData\\ZLayer" },
		{ { .data_dir = "E:\\z", .program_data = "D:\\PD" }, "E:\\z" },
		{ { .data_dir = "", .program_data = "D:\\PD" }, "D:\\PD\\ZLayer" },
	};
	char text[PATHS_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		CHECK_STR(paths_data_dir(&rows[i].env, text), rows[i].dir);
}

TEST(pipe_and_log)
{
	const struct paths_env env = { .program_data = "D:\\PD" };
	char text[PATHS_MAX];

	CHECK_STR(paths_socket(&env, "D:\\PD\\ZLayer", text), "\\\\.\\pipe\\zlayer-overlayd");
	CHECK_STR(paths_socket(&env, "E:\\elsewhere", text), "\\\\.\\pipe\\zlayer-overlayd");
	CHECK_STR(paths_log_dir(&env, "D:\\PD\\ZLayer", text), "D:\\PD\\ZLayer\\logs");
	CHECK_STR(paths_log_dir(&env, "E:\\z\\", text), "E:\\z\\logs");
	CHECK_STR(paths_log_dir(&env, "E:/z/", text), "E:/z/logs");
}

TEST(of_this_process)
{
	CHECK(paths_env_now().program_data);
}
