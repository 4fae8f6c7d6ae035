#include "server/linux/control_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/stream_unix.h"
#include "runtime/util.h"

#define OUR_SOCKETS "zl-*.sock"
#define PATH_TEXT   512

/* Parents first. */
static int make_all(const char *dir)
{
	char text[PATH_TEXT];

	if ((size_t)snprintf(text, sizeof(text), "%s", dir) >= sizeof(text))
		return -ENAMETOOLONG;
	for (char *p = text + 1; *p; p++)
		if (*p == '/') {
			*p = '\0';
			if (mkdir(text, 0755) < 0 && errno != EEXIST)
				return -errno;
			*p = '/';
		}
	return mkdir(text, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

static int move_aside(const char *dir, struct log *log)
{
	const char *slash = strrchr(dir, '/');
	char aside[PATH_TEXT];

	for (int i = 0; i < 100; i++) {
		struct stat st;

		snprintf(aside, sizeof(aside), "%.*s/.%s.stale-%d-%d", (int)(slash - dir), dir,
			 slash + 1, (int)getpid(), i);
		if (lstat(aside, &st) == 0)
			continue;
		if (rename(dir, aside) < 0)
			return -errno;
		log_at(log, LOG_WARN, "%s was another user's: moved to %s", dir, aside);
		return 0;
	}
	return -EEXIST;
}

static int make_ours(const char *dir, bool rootless, struct log *log)
{
	struct stat st;
	int r = 0;

	if (lstat(dir, &st) == 0 && st.st_uid != geteuid() && !rootless)
		r = move_aside(dir, log);
	if (r == 0)
		r = make_all(dir);
	if (r == 0 && chmod(dir, 0700) < 0 && !rootless)
		r = -errno;
	return r;
}

bool control_dir_remove_dead(const char *dir, const char *name)
{
	char path[PATH_TEXT];
	struct stat st;
	int fd;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, name) >= STREAM_PATH_MAX)
		return false;
	if (lstat(path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return false;
	fd = stream_connect(path);
	if (fd >= 0)
		close(fd);
	return fd == -ECONNREFUSED && unlink(path) == 0;
}

int control_dir_prepare(const char *dir, bool rootless, struct log *log)
{
	const struct dirent *entry;
	DIR *open;
	int r = make_ours(dir, rootless, log);

	if (r < 0)
		return r;
	open = opendir(dir);
	if (!open)
		return -errno;
	while ((entry = readdir(open)))
		if (fnmatch(OUR_SOCKETS, entry->d_name, 0) == 0 &&
		    control_dir_remove_dead(dir, entry->d_name))
			log_at(log, LOG_INFO, "%s/%s: nobody listened: removed", dir,
			       entry->d_name);
	closedir(open);
	return 0;
}
