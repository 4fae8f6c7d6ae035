/* The pipe itself: how it is made, who may open it, and what becomes of clients whose connecting
 * goes wrong. */
#include "server/ipc/listener.h"
#include "server/ipc/server.h"
#include "tests/wine/served.h"

/* Behind our own: they take the word interface. */
#include <aclapi.h>
#include <sddl.h>

#define PIPE "\\\\.\\pipe\\listen-test"

/* ---- how it is made ---- */

/* What was asked of Windows, in order; and what it says to the first that connect. */
static struct {
	DWORD open_mode[64], pipe_mode[64];
	unsigned n_created, n_connected;
	DWORD errors[8];
	unsigned n_errors;
	unsigned fail_creating; /* so many, from the second on */
} asked;

static HANDLE recording_create(const wchar_t *path, DWORD open_mode, DWORD pipe_mode,
			       SECURITY_ATTRIBUTES *security)
{
	unsigned i = asked.n_created++;

	if (i < ARRAY_SIZE(asked.open_mode)) {
		asked.open_mode[i] = open_mode;
		asked.pipe_mode[i] = pipe_mode;
	}
	if (i > 0 && i <= asked.fail_creating) {
		SetLastError(ERROR_NOT_ENOUGH_MEMORY);
		return INVALID_HANDLE_VALUE;
	}
	return pipe_calls_windows.create(path, open_mode, pipe_mode, security);
}

static BOOL failing_connect(HANDLE pipe, OVERLAPPED *overlapped)
{
	unsigned i = asked.n_connected++;

	if (i >= asked.n_errors)
		return pipe_calls_windows.connect(pipe, overlapped);
	SetLastError(asked.errors[i]);
	return FALSE;
}

static const struct pipe_calls calls = { recording_create, failing_connect };

/* A server without operations: who connects stays connected. */
struct rig {
	uv_loop_t loop;
	struct server *server;
	bool closed;
};

static void rig_start(struct rig *r)
{
	struct server_options options = { .loop = &r->loop };

	*r = (struct rig){ .closed = false };
	CHECK_INT(uv_loop_init(&r->loop), 0);
	CHECK_INT(listen_pipe_new(PIPE, &calls, &options.pipe), 0);
	CHECK_INT(server_start(&options, &r->server), 0);
}

static void rig_closed(void *arg)
{
	struct rig *r = arg;

	r->closed = true;
}

static void rig_stop(struct rig *r)
{
	server_close(r->server, 0, rig_closed, r);
	while (!r->closed)
		uv_run(&r->loop, UV_RUN_ONCE);
	uv_run(&r->loop, UV_RUN_DEFAULT);
	CHECK_INT(uv_loop_close(&r->loop), 0);
}

static void turn(struct rig *r)
{
	for (int i = 0; i < 8; i++)
		uv_run(&r->loop, UV_RUN_NOWAIT);
}

static void take_and_leave(uv_loop_t *loop, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct stream *stream;

		CHECK_INT(stream_open(PIPE, &stream), 0);
		stream_close(stream);
		for (int k = 0; k < 8; k++)
			uv_run(loop, UV_RUN_NOWAIT);
	}
}

TEST(only_the_first_is_the_first)
{
	struct rig r;

	rig_start(&r);
	take_and_leave(&r.loop, 3);
	CHECK_INT(asked.n_created, LISTEN_WAITING + 3);
	for (unsigned i = 0; i < asked.n_created; i++) {
		CASE("instance %u", i);
		CHECK_INT(asked.open_mode[i], PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED |
						      (i == 0 ? FILE_FLAG_FIRST_PIPE_INSTANCE : 0));
		CHECK_INT(asked.pipe_mode[i], PIPE_REJECT_REMOTE_CLIENTS);
	}
	rig_stop(&r);
}

static DWORD instances(HANDLE end)
{
	DWORD n = 0;

	CHECK(GetNamedPipeHandleStateW(end, NULL, &n, NULL, NULL, NULL, 0));
	return n;
}

TEST(four_wait_whoever_is_served)
{
	HANDLE ends[6];
	struct rig r;

	rig_start(&r);
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		ends[i] = CreateFileA(PIPE, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0,
				      NULL);
		CHECK(ends[i] != INVALID_HANDLE_VALUE);
		turn(&r);
		CHECK_INT(instances(ends[i]), LISTEN_WAITING + i + 1);
	}
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		CloseHandle(ends[i]);
	rig_stop(&r);
}

/* Four come before the loop has looked once. */
TEST(those_who_come_first_are_served)
{
	struct stream *streams[LISTEN_WAITING];
	struct rig r;

	rig_start(&r);
	for (size_t i = 0; i < LISTEN_WAITING; i++)
		CHECK_INT(stream_open(PIPE, &streams[i]), 0);
	turn(&r);
	CHECK_INT(asked.n_created, 2 * LISTEN_WAITING);
	for (size_t i = 0; i < LISTEN_WAITING; i++)
		stream_close(streams[i]);
	rig_stop(&r);
}

/* ---- what goes wrong ---- */

/* Whatever Windows says of one client, the next is served. */
TEST(no_error_of_connecting_ends_it)
{
	static const DWORD errors[] = { ERROR_NO_DATA,           ERROR_NO_DATA,  ERROR_BROKEN_PIPE,
					ERROR_NOT_ENOUGH_MEMORY, ERROR_BAD_PIPE, ERROR_NO_DATA,
					ERROR_INVALID_HANDLE };
	struct rig r;

	memcpy(asked.errors, errors, sizeof(errors));
	asked.n_errors = ARRAY_SIZE(errors);
	rig_start(&r);
	take_and_leave(&r.loop, 2);
	while (asked.n_connected < ARRAY_SIZE(errors) + LISTEN_WAITING)
		uv_run(&r.loop, UV_RUN_ONCE); /* the clock's retry */
	take_and_leave(&r.loop, 2);
	rig_stop(&r);
}

TEST(what_cannot_be_made_is_made_later)
{
	struct rig r;

	asked.fail_creating = 5;
	rig_start(&r);
	take_and_leave(&r.loop, 1); /* by the one that could be made */
	while (asked.n_created < 1 + 5 + LISTEN_WAITING)
		uv_run(&r.loop, UV_RUN_ONCE);
	take_and_leave(&r.loop, 5);
	rig_stop(&r);
}

TEST(clients_that_have_left_are_passed_over)
{
	struct rig r;

	rig_start(&r);
	for (int i = 0; i < 50; i++) {
		struct stream *streams[LISTEN_WAITING];

		for (size_t k = 0; k < LISTEN_WAITING; k++)
			CHECK_INT(stream_open(PIPE, &streams[k]), 0);
		for (size_t k = 0; k < LISTEN_WAITING; k++)
			stream_close(streams[k]);
		turn(&r);
	}
	take_and_leave(&r.loop, 1);
	rig_stop(&r);
}

TEST(paths_that_are_no_pipes)
{
	static const char *const paths[] = {
		"", "pipe", "C:\\pipe\\x", "\\\\.\\pipe\\", "\\\\server\\pipe\\x", "/var/run/x.sock"
	};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct listen_pipe *pipe;
		struct stream *stream;

		CASE("%s", paths[i]);
		CHECK_INT(listen_pipe_new(paths[i], &calls, &pipe), -EINVAL);
		CHECK_INT(stream_open(paths[i], &stream), -EINVAL);
	}
}

/* ---- who may ---- */

TEST(the_descriptor_is_what_it_says)
{
	PSECURITY_DESCRIPTOR descriptor;
	struct listen_pipe *pipe;
	wchar_t *text;

	CHECK_INT(listen_pipe_new(PIPE, &pipe_calls_windows, &pipe), 0);
	CHECK_INT(GetSecurityInfo(listen_pipe_first(pipe), SE_KERNEL_OBJECT,
				  DACL_SECURITY_INFORMATION, NULL, NULL, NULL, NULL, &descriptor),
		  ERROR_SUCCESS);
	CHECK(ConvertSecurityDescriptorToStringSecurityDescriptorW(
		descriptor, SDDL_REVISION_1, DACL_SECURITY_INFORMATION, &text, NULL));
	CHECK_INT(wcscmp(text, L"D:P(A;;FA;;;SY)(A;;FA;;;BA)"), 0);
	LocalFree(text);
	LocalFree(descriptor);
	listen_pipe_free(pipe);
}

/* Whether a token with these groups enabled may read and write a thing with this descriptor. */
static bool may(HANDLE token, const wchar_t *sddl)
{
	GENERIC_MAPPING mapping = { FILE_GENERIC_READ, FILE_GENERIC_WRITE, FILE_GENERIC_EXECUTE,
				    FILE_ALL_ACCESS };
	PRIVILEGE_SET privileges;
	DWORD size = sizeof(privileges), granted = 0;
	PSECURITY_DESCRIPTOR descriptor;
	BOOL allowed = FALSE;

	CHECK(ConvertStringSecurityDescriptorToSecurityDescriptorW(sddl, SDDL_REVISION_1,
								   &descriptor, NULL));
	CHECK(AccessCheck(descriptor, token, FILE_GENERIC_READ | FILE_GENERIC_WRITE, &mapping,
			  &privileges, &size, &granted, &allowed));
	LocalFree(descriptor);
	return allowed;
}

TEST(administrators_may_and_others_may_not)
{
	HANDLE own, token, plain = NULL, plain_token = NULL;
	BYTE sid[SECURITY_MAX_SID_SIZE];
	SID_AND_ATTRIBUTES administrators = { .Sid = sid };
	DWORD size = sizeof(sid);

	CHECK(OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &own));
	CHECK(DuplicateToken(own, SecurityImpersonation, &token));
	CHECK(CreateWellKnownSid(WinBuiltinAdministratorsSid, NULL, sid, &size));
	CHECK(may(token, L"O:BAG:BA" LISTEN_SDDL));
	CHECK(!may(token, L"O:BAG:BAD:P(A;;FA;;;SY)"));
	CHECK(!may(token, L"O:BAG:BAD:P(D;;FA;;;WD)(A;;FA;;;BA)"));
	/* one whose membership of Administrators counts for refusals alone, as without elevation */
	CHECK(CreateRestrictedToken(own, 0, 1, &administrators, 0, NULL, 0, NULL, &plain));
	CHECK(DuplicateToken(plain, SecurityImpersonation, &plain_token));
	CHECK(!may(plain_token, L"O:SYG:SY" LISTEN_SDDL));
	CloseHandle(plain_token);
	CloseHandle(plain);
	CloseHandle(token);
	CloseHandle(own);
}
