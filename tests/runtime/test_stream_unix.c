#include "runtime/stream_unix.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "runtime/stream.h"
#include "tests/check.h"

#define NO_GROUP ((gid_t)-1)

struct place {
	char dir[32], path[64];
};

static void begin(struct place *at)
{
	snprintf(at->dir, sizeof(at->dir), "/tmp/stream-XXXXXX");
	CHECK(mkdtemp(at->dir));
	snprintf(at->path, sizeof(at->path), "%s/socket", at->dir);
}

static void end(struct place *at)
{
	unlink(at->path);
	CHECK_INT(rmdir(at->dir), 0);
}

static void check_mode(const char *path, mode_t mode)
{
	struct stat st;

	CHECK_INT(lstat(path, &st), 0);
	CHECK(S_ISSOCK(st.st_mode));
	CHECK_INT(st.st_mode & 07777, mode);
}

TEST(mode_whatever_the_umask)
{
	static const mode_t modes[] = { 0600, 0660, 0666, 0700, 0777, 0 };
	static const mode_t masks[] = { 0, 022, 0777 };

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		for (size_t k = 0; k < ARRAY_SIZE(masks); k++) {
			mode_t was = umask(022);
			struct place at;
			int fd;

			CASE("mode %o, umask %o", modes[i], masks[k]);
			begin(&at);
			umask(masks[k]);
			fd = stream_listen(at.path, modes[i], NO_GROUP);
			CHECK(fd >= 0);
			CHECK_INT(umask(was), masks[k]); /* left as it was */
			check_mode(at.path, modes[i]);
			close(fd);
			end(&at);
		}
}

TEST(group)
{
	_cleanup_(fd_closep) int fd = -1;
	struct place at;
	struct stat st;

	if (geteuid() != 0)
		SKIP("only root can give a file to any group");
	begin(&at);
	fd = stream_listen(at.path, 0660, 12345);
	if (fd >= 0 && stat(at.path, &st) == 0 && st.st_gid != 12345) {
		close(fd);
		end(&at);
		SKIP("no such group in this user namespace");
	}
	CHECK(fd >= 0);
	CHECK_INT(st.st_gid, 12345);
	CHECK_INT(st.st_uid, geteuid());
	check_mode(at.path, 0660);
	end(&at);
	fd_closep(&fd);
}

/* A group that this user may not give is no failure, and opens nothing. */
TEST(group_refused)
{
	_cleanup_(fd_closep) int fd = -1;
	uid_t me = geteuid();
	struct place at;
	struct stat st;

	begin(&at);
	CHECK_INT(chmod(at.dir, 0777), 0);
	if (me == 0 && seteuid(65534) < 0) {
		end(&at);
		SKIP("can't become another user here");
	}
	fd = stream_listen(at.path, 0660, 12345);
	CHECK_INT(seteuid(me), 0);
	CHECK(fd >= 0);
	CHECK_INT(stat(at.path, &st), 0);
	CHECK(st.st_gid != 12345);
	check_mode(at.path, 0660);
	end(&at);
	fd_closep(&fd);
}

TEST(descriptors)
{
	_cleanup_(fd_closep) int listening = -1, client = -1, server = -1;
	struct place at;
	char c = 'x';

	begin(&at);
	listening = stream_listen(at.path, 0600, NO_GROUP);
	CHECK(listening >= 0);
	CHECK(fcntl(listening, F_GETFD) & FD_CLOEXEC);
	CHECK(fcntl(listening, F_GETFL) & O_NONBLOCK);
	CHECK(accept(listening, NULL, NULL) < 0 && errno == EAGAIN);
	client = stream_connect(at.path);
	CHECK(client >= 0);
	CHECK(fcntl(client, F_GETFD) & FD_CLOEXEC);
	CHECK(!(fcntl(client, F_GETFL) & O_NONBLOCK));
	server = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
	CHECK(server >= 0);
	CHECK_INT(write(client, "a", 1), 1);
	CHECK_INT(read(server, &c, 1), 1);
	CHECK_INT(c, 'a');
	end(&at);
	fd_closep(&listening);
	fd_closep(&client);
	fd_closep(&server);
}

TEST(stale_is_replaced)
{
	struct place at;
	int fd;

	begin(&at);
	fd = stream_listen(at.path, 0666, NO_GROUP);
	CHECK(fd >= 0);
	close(fd); /* the file stays, as after a crash */
	CHECK_INT(access(at.path, F_OK), 0);
	fd = stream_listen(at.path, 0600, NO_GROUP);
	CHECK(fd >= 0);
	check_mode(at.path, 0600);
	close(fd);
	end(&at);
}

TEST(live_is_never_stolen)
{
	_cleanup_(fd_closep) int fd = -1, client = -1;
	struct place at;
	struct stat before, after;

	begin(&at);
	fd = stream_listen(at.path, 0600, NO_GROUP);
	CHECK_INT(stat(at.path, &before), 0);
	for (int i = 0; i < 3; i++)
		CHECK_INT(stream_listen(at.path, 0666, NO_GROUP), -EADDRINUSE);
	CHECK_INT(stat(at.path, &after), 0);
	CHECK_INT(after.st_ino, before.st_ino);
	check_mode(at.path, 0600);
	client = stream_connect(at.path);
	CHECK(client >= 0);
	end(&at);
	fd_closep(&fd);
	fd_closep(&client);
}

/* Nobody can be asked whether a socket of another kind is in use. */
TEST(other_sockets_stay)
{
	_cleanup_(fd_closep) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct place at;

	begin(&at);
	memcpy(address.sun_path, at.path, strlen(at.path));
	CHECK_INT(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	CHECK_INT(stream_listen(at.path, 0600, NO_GROUP), -EPROTOTYPE);
	CHECK_INT(access(at.path, F_OK), 0);
	end(&at);
	fd_closep(&fd);
}

TEST(other_files_stay)
{
	struct place at;
	struct stat st;
	int fd;

	begin(&at);
	fd = open(at.path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	CHECK(fd >= 0);
	close(fd);
	CHECK_INT(stream_listen(at.path, 0600, NO_GROUP), -EEXIST);
	CHECK_INT(lstat(at.path, &st), 0);
	CHECK(S_ISREG(st.st_mode));
	CHECK_INT(unlink(at.path), 0);
	CHECK_INT(symlink("/dev/null", at.path), 0);
	CHECK_INT(stream_listen(at.path, 0600, NO_GROUP), -EEXIST);
	CHECK_INT(stream_listen(at.dir, 0600, NO_GROUP), -EEXIST);
	end(&at);
}

TEST(path_lengths)
{
	char path[STREAM_PATH_MAX + 2];
	struct place at;
	size_t n;
	int fd;

	begin(&at);
	n = (size_t)snprintf(path, sizeof(path), "%s/", at.dir);
	memset(path + n, 's', sizeof(path) - n);
	path[STREAM_PATH_MAX] = '\0';
	CHECK_INT(stream_listen(path, 0600, NO_GROUP), -ENAMETOOLONG);
	CHECK_INT(stream_connect(path), -ENAMETOOLONG);
	path[STREAM_PATH_MAX - 1] = '\0';
	fd = stream_listen(path, 0600, NO_GROUP);
	CHECK(fd >= 0);
	close(fd);
	CHECK_INT(stream_connect(path), -ECONNREFUSED);
	CHECK_INT(unlink(path), 0);
	end(&at);
}

TEST(nobody_there)
{
	struct place at;
	char path[96];

	begin(&at);
	CHECK_INT(stream_connect(at.path), -ENOENT);
	snprintf(path, sizeof(path), "%s/none/socket", at.dir);
	CHECK_INT(stream_listen(path, 0600, NO_GROUP), -ENOENT);
	end(&at);
}

/* ---- a client's connection ---- */

TEST(a_stream_never_waits_unasked)
{
	_cleanup_(fd_closep) int listening = -1, server = -1;
	static const char much[1 << 20];
	struct stream *stream;
	struct place at;
	char text[8];

	begin(&at);
	CHECK_INT(stream_open(at.path, &stream), -ENOENT);
	listening = stream_listen(at.path, 0600, NO_GROUP);
	CHECK_INT(stream_open(at.path, &stream), 0);
	server = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
	CHECK(server >= 0 && stream_fd(stream) >= 0);
	CHECK_INT(stream_read(stream, text, sizeof(text)), -EAGAIN);
	CHECK_INT(stream_wait(stream, STREAM_READABLE, 0), 0);
	CHECK_INT(stream_wait(stream, STREAM_READABLE | STREAM_WRITABLE, -1), STREAM_WRITABLE);
	CHECK_INT(write(server, "abc", 3), 3);
	CHECK_INT(stream_wait(stream, STREAM_READABLE, -1), STREAM_READABLE);
	CHECK_INT(stream_read(stream, text, sizeof(text)), 3);
	while (stream_write(stream, much, sizeof(much)) > 0)
		;
	CHECK_INT(stream_write(stream, much, 1), -EAGAIN);
	CHECK_INT(stream_wait(stream, STREAM_WRITABLE, 0), 0);
	stream_close(stream);
	end(&at);
}

TEST(a_stream_ends_by_half_and_whole)
{
	_cleanup_(fd_closep) int listening = -1, server = -1;
	struct stream *stream;
	struct place at;
	char c;

	begin(&at);
	listening = stream_listen(at.path, 0600, NO_GROUP);
	CHECK_INT(stream_open(at.path, &stream), 0);
	server = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
	CHECK_INT(stream_shut(stream), 0);
	CHECK_INT(read(server, &c, 1), 0);
	CHECK_INT(write(server, "x", 1), 1);
	fd_closep(&server);
	CHECK_INT(stream_wait(stream, STREAM_READABLE, -1), STREAM_READABLE);
	CHECK_INT(stream_read(stream, &c, 1), 1);
	CHECK_INT(stream_read(stream, &c, 1), 0);
	CHECK_INT(stream_write(stream, "x", 1), -EPIPE);
	CHECK_INT(stream_wait(stream, STREAM_WRITABLE, -1), STREAM_WRITABLE);
	stream_close(stream);
	stream_close(NULL);
	end(&at);
}
