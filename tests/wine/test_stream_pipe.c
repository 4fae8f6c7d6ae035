/* The client's side, against pipes of the test's own. */
#include "runtime/stream.h"

#include <pthread.h>
#include <windows.h>

#include "client/overlayd.h"
#include "tests/check.h"

#define PIPE "\\\\.\\pipe\\stream-test"

static HANDLE make_pipe(DWORD most)
{
	HANDLE pipe = CreateNamedPipeA(PIPE, PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE, most, 4096, 4096,
				       0, NULL);

	CHECK(pipe != INVALID_HANDLE_VALUE);
	return pipe;
}

TEST(nobody_there)
{
	struct ovd_client *client;
	struct stream *stream;

	CHECK_INT(stream_open(PIPE, &stream), -ENOENT);
	CHECK_INT(ovd_client_open(PIPE, 2, &client), -ENOENT);
}

/* 231: there is one instance, and somebody has it. */
TEST(busy_for_long)
{
	HANDLE pipe = make_pipe(1);
	struct stream *first, *second;

	CHECK_INT(stream_open(PIPE, &first), 0);
	CHECK_INT(stream_open(PIPE, &second), -EAGAIN);
	stream_close(first);
	CloseHandle(pipe);
}

static void *make_room(void *arg)
{
	HANDLE pipe = arg;

	Sleep(300);
	DisconnectNamedPipe(pipe);
	ConnectNamedPipe(pipe, NULL);
	return NULL;
}

TEST(busy_for_a_while)
{
	HANDLE pipe = make_pipe(1);
	struct stream *first, *second;
	pthread_t thread;

	CHECK_INT(stream_open(PIPE, &first), 0);
	CHECK_INT(pthread_create(&thread, NULL, make_room, pipe), 0);
	CHECK_INT(stream_open(PIPE, &second), 0);
	pthread_join(thread, NULL);
	stream_close(second);
	stream_close(first);
	CloseHandle(pipe);
}

/* The daemon may ask who we are, and no more. */
TEST(no_more_than_identification)
{
	SECURITY_IMPERSONATION_LEVEL level = SecurityAnonymous;
	HANDLE pipe = make_pipe(1), token;
	struct stream *stream;
	DWORD n = 0;
	char byte;

	CHECK_INT(stream_open(PIPE, &stream), 0);
	CHECK_INT(stream_write(stream, "x", 1), 1);
	CHECK(ReadFile(pipe, &byte, 1, &n, NULL) && n == 1);
	CHECK(ImpersonateNamedPipeClient(pipe));
	CHECK(OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &token));
	CHECK(GetTokenInformation(token, TokenImpersonationLevel, &level, sizeof(level), &n));
	CHECK(RevertToSelf());
	CloseHandle(token);
	stream_close(stream);
	CloseHandle(pipe);
	if (level == SecurityImpersonation)
		SKIP("this system does not keep to what the client allows");
	CHECK_INT(level, SecurityIdentification);
}

TEST(bytes_both_ways_and_the_end)
{
	HANDLE pipe = make_pipe(1);
	struct stream *stream;
	char bytes[16];
	DWORD n = 0;

	CHECK_INT(stream_open(PIPE, &stream), 0);
	CHECK_INT(stream_fd(stream), -1);
	CHECK_INT(stream_read(stream, bytes, sizeof(bytes)), -EAGAIN);
	CHECK_INT(stream_wait(stream, STREAM_READABLE, 0), 0);
	CHECK_INT(stream_wait(stream, STREAM_READABLE | STREAM_WRITABLE, 0), STREAM_WRITABLE);
	CHECK(WriteFile(pipe, "hello", 5, &n, NULL) && n == 5);
	CHECK_INT(stream_wait(stream, STREAM_READABLE, 5000), STREAM_READABLE);
	CHECK_INT(stream_read(stream, bytes, 2), 2);
	CHECK_INT(stream_wait(stream, STREAM_READABLE, 0), STREAM_READABLE);
	CHECK_INT(stream_read(stream, bytes + 2, sizeof(bytes) - 2), 3);
	CHECK_BYTES(bytes, "hello", 5);
	CHECK(WriteFile(pipe, "!", 1, &n, NULL) && n == 1);
	CloseHandle(pipe);
	CHECK_INT(stream_wait(stream, STREAM_READABLE, 5000), STREAM_READABLE);
	CHECK_INT(stream_read(stream, bytes, sizeof(bytes)), 1);
	CHECK_INT(stream_read(stream, bytes, sizeof(bytes)), 0);
	CHECK_INT(stream_read(stream, bytes, sizeof(bytes)), 0);
	CHECK(stream_write(stream, "x", 1) < 0);
	stream_close(stream);
}

/* What doesn't fit waits, and arrives whole. */
TEST(more_than_the_pipe_holds)
{
	static char much[300000], got[300000];
	HANDLE pipe = make_pipe(1);
	size_t written = 0, read = 0;
	struct stream *stream;
	bool stuck = false;

	for (size_t i = 0; i < sizeof(much); i++)
		much[i] = (char)(i * 7 + i / 251);
	CHECK_INT(stream_open(PIPE, &stream), 0);
	while (read < sizeof(got)) {
		ssize_t put = written < sizeof(much)
				      ? stream_write(stream, much + written, sizeof(much) - written)
				      : 0;
		DWORD n = 0;

		CHECK(put >= 0 || put == -EAGAIN);
		written += put > 0 ? (size_t)put : 0;
		stuck |= put == -EAGAIN;
		if (put == -EAGAIN || written == sizeof(much)) {
			CHECK(ReadFile(pipe, got + read, 5000, &n, NULL));
			read += n;
		}
	}
	CHECK(stuck);
	CHECK_BYTES(got, much, sizeof(got));
	stream_close(stream);
	CloseHandle(pipe);
}

/* With a read, and a write, that are under way. */
TEST(closed_in_the_middle)
{
	static const char much[200000];
	HANDLE pipe = make_pipe(1);
	struct stream *stream;
	char byte;

	CHECK_INT(stream_open(PIPE, &stream), 0);
	CHECK_INT(stream_read(stream, &byte, 1), -EAGAIN);
	while (stream_write(stream, much, sizeof(much)) > 0)
		;
	stream_close(stream);
	CloseHandle(pipe);
}
