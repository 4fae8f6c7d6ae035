/* The daemon as a service of a real service manager. */
#include <stdio.h>
#include <windows.h>

#include "server/service/exit_code.h"
#include "server/windows/data_dir.h"
#include "tests/wine/served.h"
#include "tests/wine/tested.h"

__attribute__((constructor)) static void warm(void)
{
	tested_warm();
}

static void install_daemon(struct tested *t, struct served *places, const char *data_dir)
{
	const char *const arguments[] = { "--data-dir", data_dir,    "--socket",
					  places->pipe, "--service", NULL };
	char path[MAX_PATH];

	tested_path(path, "..\\..\\bin\\overlayd.exe");
	tested_install(t, path, arguments);
}

struct nuisance {
	struct tested *t;
	volatile LONG over, sent;
};

static void *disturb(void *arg)
{
	struct nuisance *n = arg;

	while (!InterlockedCompareExchange(&n->over, 0, 0)) {
		tested_control(n->t, n->sent % 2 ? SERVICE_CONTROL_INTERROGATE : 200);
		InterlockedIncrement(&n->sent);
	}
	return NULL;
}

/* As soon as it is RUNNING there is a pipe, and it is served. */
TEST(fifty_lives_of_the_daemon)
{
	struct served places;
	struct nuisance n;
	pthread_t thread;
	struct tested t;

	served_places(&places);
	install_daemon(&t, &places, places.dir);
	n = (struct nuisance){ .t = &t };
	CHECK_INT(pthread_create(&thread, NULL, disturb, &n), 0);
	for (int i = 0; i < 50; i++) {
		struct client c;

		CASE("life %d", i);
		tested_start(&t);
		tested_watch(&t, SERVICE_RUNNING);
		client_open(&c, places.pipe);
		if (i % 10 == 0)
			client_expect(&c, 1, STATUS, "\"result\":\"status\"");
		if (i % 10 == 5)
			CHECK(client_body(&c, "{\"frame\":\"request\",\"id\":1,\"request\":"
					      "{\"op\":\"shutdown\"}}"));
		else
			CHECK_INT(tested_control(&t, SERVICE_CONTROL_STOP), 0);
		tested_ended(&t, 0, 0);
		client_close(&c);
	}
	InterlockedExchange(&n.over, 1);
	pthread_join(thread, NULL);
	CHECK(n.sent > 50);
	tested_uninstall(&t);
	served_remove(&places);
}

/* STOPPED is told when all is closed: the manager may end the process then. */
TEST(nothing_is_left_when_it_is_stopped)
{
	struct served places;
	struct tested t;

	served_places(&places);
	install_daemon(&t, &places, places.dir);
	for (int i = 0; i < 5; i++) {
		struct client c;
		HANDLE lock;

		tested_start(&t);
		tested_watch(&t, SERVICE_RUNNING);
		client_open(&c, places.pipe);
		client_expect(&c, 1, STATUS, "\"result\":\"status\"");
		CHECK_INT(data_dir_lock(places.dir, &lock), -EWOULDBLOCK);
		CHECK_INT(tested_control(&t, SERVICE_CONTROL_STOP), 0);
		CHECK(!client_read(&c).p);
		client_close(&c);
		tested_watch(&t, SERVICE_STOPPED);
		CHECK_INT(data_dir_lock(places.dir, &lock), 0);
		CloseHandle(lock);
		CHECK(!WaitNamedPipeA(places.pipe, 1));
		CHECK_INT(GetLastError(), ERROR_FILE_NOT_FOUND);
		tested_ended(&t, 0, 0);
	}
	tested_uninstall(&t);
	served_remove(&places);
}

TEST(a_pipe_that_is_taken)
{
	struct served places;
	struct tested t;
	HANDLE pipe;

	served_places(&places);
	pipe = CreateNamedPipeA(places.pipe, PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE, 1, 0, 0, 0, NULL);
	CHECK(pipe != INVALID_HANDLE_VALUE);
	install_daemon(&t, &places, places.dir);
	tested_start(&t);
	tested_ended(&t, ERROR_SERVICE_SPECIFIC_ERROR, SERVICE_EXIT_PIPE);
	CloseHandle(pipe);
	tested_uninstall(&t);
	served_remove(&places);
}

TEST(a_data_dir_that_is_taken)
{
	struct served s, other;
	struct tested t;

	served_start(&s);
	served_places(&other);
	strcat(other.pipe, "-2");
	install_daemon(&t, &other, s.dir);
	tested_start(&t);
	tested_ended(&t, ERROR_SERVICE_SPECIFIC_ERROR, SERVICE_EXIT_TWICE);
	tested_uninstall(&t);
	served_stop(&s);
}

TEST(a_data_dir_that_cannot_be)
{
	struct served places;
	char path[MAX_PATH];
	struct tested t;

	served_places(&places);
	tested_path(path, NULL); /* a file */
	install_daemon(&t, &places, path);
	tested_start(&t);
	tested_ended(&t, ERROR_SERVICE_SPECIFIC_ERROR, SERVICE_EXIT_DATA_DIR);
	tested_uninstall(&t);
}

TEST(a_log_that_cannot_be)
{
	struct served places;
	struct tested t;
	char path[160];

	served_places(&places);
	CHECK(CreateDirectoryA(places.dir, NULL));
	snprintf(path, sizeof(path), "%s\\logs", places.dir);
	CloseHandle(CreateFileA(path, GENERIC_WRITE, 0, NULL, CREATE_NEW, 0, NULL));
	install_daemon(&t, &places, places.dir);
	tested_start(&t);
	tested_ended(&t, ERROR_SERVICE_SPECIFIC_ERROR, SERVICE_EXIT_LOG);
	tested_uninstall(&t);
	CHECK(DeleteFileA(path));
	served_remove(&places);
}

/* It tells the manager, and doesn't leave it waiting for a process that is gone. */
TEST(a_command_line_that_is_none)
{
	const char *const arguments[] = { "--nonsense", "--service", NULL };
	char path[MAX_PATH];
	struct tested t;

	tested_path(path, "..\\..\\bin\\overlayd.exe");
	tested_install(&t, path, arguments);
	tested_start(&t);
	tested_ended(&t, ERROR_SERVICE_SPECIFIC_ERROR, SERVICE_EXIT_ARGUMENTS);
	tested_uninstall(&t);
}
