#include "server/socket.h"

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <unistd.h>

#include "runtime/stream_unix.h"
#include "runtime/util.h"
#include "server/activation.h"
#include "server/lock.h"

#define SOCKET_MODE  0660
#define SOCKET_GROUP "zlayer"

static gid_t socket_group(void)
{
	const struct group *group = getgrnam(SOCKET_GROUP);

	return group ? group->gr_gid : (gid_t)-1;
}

static int listen_at(char *path)
{
	char *slash = strrchr(path, '/');
	int r = 0;

	if (slash && slash != path) {
		*slash = '\0';
		r = make_directory(path, 0755);
		*slash = '/';
	}
	return r < 0 ? r : stream_listen(path, SOCKET_MODE, socket_group());
}

int socket_file_open(struct socket_file *s, char *path)
{
	int r = activation_take(path);
	bool ours = r == -ENOENT;

	if (ours)
		r = listen_at(path);
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
