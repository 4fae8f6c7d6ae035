#include "server/removal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/util.h"
#include "server/lock.h"
#include "server/store/key_file.h"

/* Of server/store: what holds records, and what did until it was damaged. */
static const char *const stores[] = { "store", "store.copy", "store.damaged*",
				      "store.copy.damaged*" };

/* The daemon's own, and what virtual machines sent. */
static const char *const logs[] = { "overlayd.log*", "gcs-forward.*" };

static void note(struct buf *left, const char *dir, const char *name, int r)
{
	buf_printf(left, "%s%s/%s: %s", left->n > 0 ? "; " : "", dir, name, strerror(r));
}

static void dir_closep(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* A store's directory holds files alone. */
static int remove_store(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_(dir_closep) DIR *open = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!open) {
		fd_closep(&fd);
		return -errno;
	}
	while ((entry = readdir(open)))
		if (entry->d_name[0] != '.' && unlinkat(fd, entry->d_name, 0) < 0)
			return -errno;
	return unlinkat(dir, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

static int remove_file(int dir, const char *name)
{
	return unlinkat(dir, name, 0) < 0 ? -errno : 0;
}

/* Those in the directory whose name matches. */
static void remove_all(const char *dir, const char *pattern, int (*removed)(int dir, const char *),
		       struct buf *left)
{
	_cleanup_(dir_closep) DIR *open = opendir(dir);
	const struct dirent *entry;

	if (!open && errno != ENOENT)
		note(left, dir, pattern, errno);
	while (open && (entry = readdir(open))) {
		int r = fnmatch(pattern, entry->d_name, 0) == 0
				? removed(dirfd(open), entry->d_name)
				: 0;

		if (r < 0 && r != -ENOENT)
			note(left, dir, entry->d_name, -r);
	}
}

void removal_run(const struct removal *removal, struct buf *left)
{
	for (size_t i = 0; i < ARRAY_SIZE(stores); i++) {
		remove_all(removal->data_dir, stores[i], remove_store, left);
		remove_all(removal->run_dir, stores[i], remove_store, left);
	}
	if (!removal->purge)
		return;
	remove_all(removal->data_dir, KEY_FILE, remove_file, left);
	for (size_t i = 0; i < ARRAY_SIZE(logs); i++)
		remove_all(removal->log_dir, logs[i], remove_file, left);
}

void removal_end(const struct removal *removal)
{
	_cleanup_(fd_closep) int dir = open(removal->data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir >= 0)
		unlinkat(dir, LOCK_FILE, 0);
	rmdir(removal->control_dir);
	rmdir(removal->run_dir);
	if (removal->purge)
		rmdir(removal->log_dir);
	rmdir(removal->data_dir);
}
