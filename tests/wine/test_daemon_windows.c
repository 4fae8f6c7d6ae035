/* The daemon's life: started, stopped, and what keeps it from starting. */
#include <stdio.h>
#include <windows.h>

#include "tests/wine/served.h"

/* ---- start ---- */

struct stages {
	enum daemon_stage list[8];
	unsigned n;
};

static void note(void *arg, enum daemon_stage stage)
{
	struct stages *stages = arg;

	CHECK(stages->n < ARRAY_SIZE(stages->list));
	stages->list[stages->n++] = stage;
}

/* Wants it to fail so, and tells how far it came. */
static unsigned fails(struct options options, enum daemon_failure failure, const char *text)
{
	char fault[DAEMON_FAULT_MAX] = "";
	struct stages stages = { .n = 0 };
	struct daemon_windows *d;

	options.log_level = LOG_ERROR;
	CHECK_INT(daemon_start(&options, note, &stages, &d, fault), failure);
	if (!strstr(fault, text))
		check_fail(__FILE__, __LINE__, "said \"%s\"", fault);
	return stages.n;
}

TEST(stages_come_in_order)
{
	static const enum daemon_stage order[] = { DAEMON_HAS_DATA_DIR, DAEMON_HAS_LOG,
						   DAEMON_HAS_PIPE };
	struct stages stages = { .n = 0 };
	char fault[DAEMON_FAULT_MAX];
	struct served s;

	served_places(&s);
	CHECK_INT(daemon_start(&(struct options){ .data_dir = s.dir,
						  .socket = s.pipe,
						  .log_level = LOG_ERROR },
			       note, &stages, &s.d, fault),
		  DAEMON_FINE);
	CHECK_INT(stages.n, ARRAY_SIZE(order));
	CHECK_BYTES(stages.list, order, sizeof(order));
	daemon_finish(s.d); /* that was never served */
	served_remove(&s);
}

TEST(bad_arguments)
{
	struct served s;

	served_places(&s);
	CHECK_INT(fails((struct options){ .data_dir = "", .socket = s.pipe }, DAEMON_BAD_ARGUMENTS,
			"data dir"),
		  0);
	CHECK_INT(fails((struct options){ .data_dir = s.dir, .socket = "/run/x.sock" },
			DAEMON_BAD_ARGUMENTS, "/run/x.sock"),
		  2);
	served_remove(&s);
}

static void make_file(const char *path, const char *text)
{
	HANDLE file = CreateFileA(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
	DWORD n;

	CHECK(file != INVALID_HANDLE_VALUE && WriteFile(file, text, (DWORD)strlen(text), &n, NULL));
	CloseHandle(file);
}

TEST(no_data_dir)
{
	char path[256];
	struct served s;

	served_places(&s);
	make_file(s.dir, "");
	CHECK_INT(fails((struct options){ .data_dir = s.dir, .socket = s.pipe }, DAEMON_NO_DATA_DIR,
			s.dir),
		  0);
	snprintf(path, sizeof(path), "%s\\below", s.dir);
	CHECK_INT(fails((struct options){ .data_dir = path, .socket = s.pipe }, DAEMON_NO_DATA_DIR,
			path),
		  0);
	CHECK(DeleteFileA(s.dir));
}

TEST(a_key_that_is_none)
{
	char path[256], text[16] = "";
	struct served s;
	FILE *file;

	served_places(&s);
	CHECK(CreateDirectoryA(s.dir, NULL));
	snprintf(path, sizeof(path), "%s\\node.key", s.dir);
	make_file(path, "garbage");
	fails((struct options){ .data_dir = s.dir, .socket = s.pipe }, DAEMON_NO_DATA_DIR,
	      "node.key");
	file = fopen(path, "rb");
	CHECK(file && fread(text, 1, sizeof(text) - 1, file) == 7);
	CHECK_STR(text, "garbage");
	fclose(file);
	served_remove(&s);
}

TEST(no_log)
{
	char path[256];
	struct served s;

	served_places(&s);
	CHECK(CreateDirectoryA(s.dir, NULL));
	snprintf(path, sizeof(path), "%s\\logs", s.dir);
	make_file(path, "");
	CHECK_INT(fails((struct options){ .data_dir = s.dir, .socket = s.pipe }, DAEMON_NO_LOG,
			"overlayd.log"),
		  1);
	CHECK(DeleteFileA(path));
	served_remove(&s);
}

/* A pipe of that name of which there can be no other. */
TEST(no_pipe)
{
	struct served s;
	HANDLE other;

	served_places(&s);
	other = CreateNamedPipeA(s.pipe, PIPE_ACCESS_DUPLEX, 0, 1, 0, 0, 0, NULL);
	CHECK(other != INVALID_HANDLE_VALUE);
	CHECK_INT(fails((struct options){ .data_dir = s.dir, .socket = s.pipe }, DAEMON_NO_PIPE,
			s.pipe),
		  2);
	CloseHandle(other);
	served_remove(&s);
}

TEST(twice)
{
	struct served s;

	served_start(&s);
	CHECK_INT(
		fails((struct options){ .data_dir = s.dir, .socket = s.pipe }, DAEMON_TWICE, s.dir),
		0);
	served_stop(&s);
}

/* ---- stop ---- */

TEST(a_client_shuts_it_down)
{
	struct client c, idle;
	struct stream *stream;
	struct served s;

	served_start(&s);
	client_open(&idle, s.pipe);
	client_open(&c, s.pipe);
	client_expect(&c, 9, "{\"op\":\"shutdown\"}", "\"result\":\"ok\"");
	CHECK(!client_read(&c).p);
	CHECK(!client_read(&idle).p);
	served_wait(&s);
	CHECK_INT(stream_open(s.pipe, &stream), -ENOENT);
	client_close(&idle);
	client_close(&c);
}

TEST(stopped_with_clients_and_twice)
{
	struct served s;
	struct client c;

	served_start(&s);
	client_open(&c, s.pipe);
	client_expect(&c, 1, STATUS, "\"result\":\"status\"");
	daemon_stop(s.d);
	served_stop(&s);
	CHECK(!client_read(&c).p);
	client_close(&c);
}

TEST(stopped_before_it_is_served)
{
	struct options options = { .log_level = LOG_ERROR };
	char fault[DAEMON_FAULT_MAX];
	struct served s;

	served_places(&s);
	options.data_dir = s.dir;
	options.socket = s.pipe;
	CHECK_INT(daemon_start(&options, NULL, NULL, &s.d, fault), DAEMON_FINE);
	daemon_stop(s.d);
	CHECK_INT(daemon_serve(s.d), DAEMON_FINE);
	daemon_finish(s.d);
	served_remove(&s);
}

/* Answers that were on their way arrive before the end. */
TEST(what_was_asked_before_is_answered)
{
	struct served s;
	struct client c;

	served_start(&s);
	client_open(&c, s.pipe);
	for (int i = 0; i < 10; i++)
		CHECK(client_body(&c, "{\"frame\":\"request\",\"id\":1,\"request\":"
				      "{\"op\":\"describe\"}}"));
	CHECK(client_body(&c,
			  "{\"frame\":\"request\",\"id\":2,\"request\":{\"op\":\"shutdown\"}}"));
	for (int i = 0; i < 10; i++)
		CHECK(strstr(client_read(&c).p, "\"id\":1,"));
	CHECK(strstr(client_read(&c).p, "\"id\":2,"));
	served_wait(&s);
	client_close(&c);
}

TEST(started_and_stopped_twenty_times)
{
	char key[256] = "";

	for (int i = 0; i < 20; i++) {
		struct ovd_view answer;
		struct served s;
		struct client c;

		served_start(&s);
		client_open(&c, s.pipe);
		CHECK(client_body(&c, "{\"frame\":\"request\",\"id\":1,\"request\":" STATUS "}"));
		answer = client_read(&c);
		CHECK(answer.p && answer.n < sizeof(key));
		CHECK(strcmp(key, answer.p) != 0); /* a data dir and a key of its own */
		memcpy(key, answer.p, answer.n + 1);
		client_close(&c);
		served_stop(&s);
	}
}

TEST(the_key_stays)
{
	char fault[DAEMON_FAULT_MAX], answers[2][256];
	struct served s;

	served_places(&s);
	for (int i = 0; i < 2; i++) {
		struct ovd_view answer;
		struct client c;

		CHECK_INT(daemon_start(&(struct options){ .data_dir = s.dir,
							  .socket = s.pipe,
							  .log_level = LOG_ERROR },
				       NULL, NULL, &s.d, fault),
			  DAEMON_FINE);
		client_open(&c, s.pipe);
		CHECK(client_body(&c, "{\"frame\":\"request\",\"id\":1,\"request\":" STATUS "}"));
		CHECK(client_body(&c, "{\"frame\":\"request\",\"id\":2,\"request\":"
				      "{\"op\":\"shutdown\"}}"));
		CHECK_INT(daemon_serve(s.d), DAEMON_FINE);
		answer = client_read(&c);
		CHECK(answer.p && answer.n < sizeof(answers[i]));
		memcpy(answers[i], answer.p, answer.n + 1);
		client_close(&c);
		daemon_finish(s.d);
	}
	CHECK_STR(answers[0], answers[1]);
	served_remove(&s);
}
