#include "server/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/stream_unix.h"
#include "runtime/util.h"
#include "server/activation.h"
#include "server/lock.h"

#define SOCKET_MODE  0660
#define SOCKET_GROUP "zlayer"

#define NO_GROUP ((gid_t)-1)

_Noreturn static void tell_group(int to)
{
	const struct group *group = getgrnam(SOCKET_GROUP);

	_exit(group && write(to, &group->gr_gid, sizeof(group->gr_gid)) < 0);
}

void socket_group_ask(struct socket_group *g)
{
	int ends[2];

	*g = (struct socket_group){ .answer = -1 };
	if (pipe2(ends, O_CLOEXEC) < 0)
		return;
	g->child = fork();
	if (g->child == 0)
		tell_group(ends[1]);
	close(ends[1]);
	g->answer = ends[0];
}

static gid_t answer_of(struct socket_group *g)
{
	gid_t gid = NO_GROUP;

	if (g->answer >= 0 && read(g->answer, &gid, sizeof(gid)) != sizeof(gid))
		gid = NO_GROUP;
	fd_closep(&g->answer);
	while (g->child > 0 && waitpid(g->child, NULL, 0) < 0 && errno == EINTR)
		continue;
	return gid;
}

static int listen_at(char *path, gid_t group)
{
	char *slash = strrchr(path, '/');
	int r = 0;

	if (slash && slash != path) {
		*slash = '\0';
		r = make_directory(path, 0755);
		*slash = '/';
	}
	return r < 0 ? r : stream_listen(path, SOCKET_MODE, group);
}

int socket_file_open(struct socket_file *s, char *path, struct socket_group *group)
{
	gid_t gid = answer_of(group);
	int r = activation_take(path);
	bool ours = r == -ENOENT;

	if (ours)
		r = listen_at(path, gid);
	if (r < 0)
		return r;
	*s = (struct socket_file){ .path = path, .fd = r };
	s->there = ours && stat(path, &s->stat) == 0;
	return 0;
}

void socket_file_close(struct socket_file *s)
{
	struct stat now;

	fd_closep(&s->fd);
	if (s->there && stat(s->path, &now) == 0 && now.st_ino == s->stat.st_ino &&
	    now.st_dev == s->stat.st_dev)
		unlink(s->path);
	s->there = false;
}
