/* Guests' logs on Windows: where they come from, the file, the daemon. */
#include <stdio.h>
#include <windows.h>

#include "server/guest/sink_files.h"
#include "server/windows/transport_hyperv.h"
#include "tests/wine/served.h"

#define PORT 20109

/* wine has no such sockets: Windows without Hyper-V says the same. */
TEST(hyperv_where_there_is_none)
{
	const struct guid service = HV_SERVICE_LOGGING;
	struct transport_address address = { .kind = TRANSPORT_VSOCK, .port = 109 };
	struct transport *t;
	int r = transport_hyperv_listen(&GUID_ZERO, &service, &t);

	if (r == 0) {
		transport_close(t);
		SKIP("this host has Hyper-V");
	}
	CHECK_INT(r, -EAFNOSUPPORT);
	CHECK_INT(transport_listen(&address, &t), -EAFNOSUPPORT);
	address.kind = TRANSPORT_UNIX;
	CHECK_INT(transport_listen(&address, &t), -EAFNOSUPPORT);
}

/* ---- the file ---- */

static void check_text(const char *path, const char *want)
{
	char text[64] = "";
	FILE *file = fopen(path, "rb");

	CHECK(file);
	CHECK_INT(fread(text, 1, sizeof(text) - 1, file), strlen(want));
	CHECK_STR(text, want);
	fclose(file);
}

TEST(a_file_of_windows)
{
	const struct sink_files *f = &sink_files_native;
	char dir[MAX_PATH], path[MAX_PATH + 16], old[MAX_PATH + 16];
	intptr_t file;
	uint64_t size;

	CHECK(GetTempPathA(sizeof(dir), dir) > 0);
	snprintf(path, sizeof(path), "%s\\log\xc3\xa9-%lu", dir, GetCurrentProcessId());
	snprintf(old, sizeof(old), "%s.1", path);
	for (int round = 0; round < 2; round++) {
		CHECK_INT(f->open(f->arg, path, &file, &size), 0);
		CHECK_U64(size, 0);
		CHECK_INT(f->append(f->arg, file, "one\n", 4), 0);
		CHECK_INT(f->append(f->arg, file, "half", 4), 0);
		CHECK_INT(f->truncate(f->arg, file, 4), 0);
		f->close(f->arg, file);
		CHECK_INT(f->open(f->arg, path, &file, &size), 0);
		CHECK_U64(size, 4);
		CHECK_INT(f->append(f->arg, file, "two\r\n", 5), 0);
		f->close(f->arg, file);
		CHECK_INT(f->rename(f->arg, path, old), 0); /* over what is there */
	}
	CHECK_INT(f->open(f->arg, old, &file, &size), 0);
	CHECK_U64(size, 9);
	f->close(f->arg, file);
	CHECK_INT(f->rename(f->arg, path, old), -ENOENT);
	snprintf(path, sizeof(path), "%s\\no-such-dir\\log", dir);
	CHECK_INT(f->open(f->arg, path, &file, &size), -ENOENT);
}

/* ---- the daemon ---- */

static void say(const char *text)
{
	struct transport *guest;

	CHECK_INT(transport_tcp_connect(PORT, &guest), 0);
	CHECK_INT(transport_send(guest, text, strlen(text), 10000), 0);
	transport_close(guest);
}

TEST(a_guests_log_is_where_the_log_is)
{
	char fault[DAEMON_FAULT_MAX], address[32], path[256];
	struct daemon_windows *d;
	struct served s;

	served_places(&s);
	snprintf(address, sizeof(address), "tcp:127.0.0.1:%d", PORT);
	CHECK_INT(daemon_start(&(struct options){ .data_dir = s.dir,
						  .socket = s.pipe,
						  .log_level = LOG_ERROR,
						  .log_forward = address },
			       NULL, NULL, &d, fault),
		  DAEMON_FINE);
	say("boot\nlast words");
	daemon_finish(d);
	snprintf(path, sizeof(path), "%s\\logs\\gcs-forward.log", s.dir);
	check_text(path, "boot\nlast words");
	DeleteFileA(path);
	served_remove(&s);
}

TEST(what_can_not_be_listened_at_is_told)
{
	char fault[DAEMON_FAULT_MAX] = "";
	struct daemon_windows *d;
	struct served s;

	served_places(&s);
	CHECK_INT(daemon_start(&(struct options){ .data_dir = s.dir,
						  .socket = s.pipe,
						  .log_level = LOG_ERROR,
						  .log_forward = "unix:/run/x" },
			       NULL, NULL, &d, fault),
		  DAEMON_NO_LOG);
	CHECK(strstr(fault, "unix:/run/x"));
	served_remove(&s);
}
