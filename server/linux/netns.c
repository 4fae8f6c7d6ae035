#include "server/linux/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "runtime/number.h"
#include "runtime/util.h"

#define START_TIME_FIELD 22 /* of /proc/PID/stat, proc(5), counted from 1 */

/* Fields behind the name, which may hold blanks and brackets itself, begin with the third. */
static int parse_start_time(const char *text, uint64_t *ret)
{
	const char *p = strrchr(text, ')');

	for (int field = 2; p && field < START_TIME_FIELD; field++)
		p = strchr(p + 1, ' ');
	if (!p)
		return -EBADMSG;
	return u64_parse((struct ovd_view){ .p = p + 1, .n = strcspn(p + 1, " \n") }, UINT64_MAX,
			 ret) < 0
		       ? -EBADMSG
		       : 0;
}

static int read_start_time(uint32_t pid, uint64_t *ret)
{
	_cleanup_(fd_closep) int fd = -1;
	char path[32], text[1024];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	return parse_start_time(text, ret);
}

/* Opened before all else is read: that is this process's if it hasn't ended by then. */
static int open_process(uint32_t pid, struct net_owner *owner)
{
	owner->process = (int)syscall(SYS_pidfd_open, pid, 0);
	if (owner->process >= 0)
		return 0;
	if (errno == ENOSYS) /* before Linux 5.3 nobody can tell us of its end */
		return 0;
	return errno == EINVAL ? -ESRCH : -errno;
}

static int read_number(struct net_owner *owner)
{
	struct stat st;

	if (fstat(owner->netns, &st) < 0)
		return -errno;
	owner->netns_dev = st.st_dev;
	owner->netns_ino = st.st_ino;
	return 0;
}

static int open_namespace(uint32_t pid, struct net_owner *owner)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%u/ns/net", pid);
	owner->netns = open(path, O_RDONLY | O_CLOEXEC);
	if (owner->netns < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	return read_number(owner);
}

/* The path may be any file's: only one that is a namespace is opened, as others may wait or do
 * something then. */
static int open_file(const char *path, struct net_owner *owner)
{
	_cleanup_(fd_closep) int there = open(path, O_PATH | O_CLOEXEC);
	char again[32];
	struct statfs fs;

	if (there < 0 || fstatfs(there, &fs) < 0)
		return -errno;
	if (fs.f_type != NSFS_MAGIC)
		return -ENOTTY;
	snprintf(again, sizeof(again), "/proc/self/fd/%d", there);
	owner->netns = open(again, O_RDONLY | O_CLOEXEC);
	if (owner->netns < 0)
		return -errno;
	if (ioctl(owner->netns, NS_GET_NSTYPE) != CLONE_NEWNET)
		return -ENOTTY;
	return read_number(owner);
}

static bool is_own(int own, const struct net_owner *owner)
{
	struct stat st;

	return fstat(own, &st) == 0 && st.st_dev == owner->netns_dev &&
	       st.st_ino == owner->netns_ino;
}

/* While it has not ended, its pid is nobody else's. */
static bool has_ended(int process)
{
	struct pollfd watched = { .fd = process, .events = POLLIN };

	return poll(&watched, 1, 0) != 0;
}

/* What was read may be another process's, of the same pid. */
static bool is_another(const struct net_owner *owner)
{
	uint64_t again = 0;

	if (owner->process >= 0)
		return has_ended(owner->process);
	return read_start_time(owner->pid, &again) < 0 || again != owner->start_time;
}

int netns_owner_open(int own, uint32_t pid, struct net_owner *ret)
{
	_cleanup_(net_owner_done) struct net_owner owner = NET_OWNER_NONE;
	int r;

	owner.pid = pid;
	r = open_process(pid, &owner);
	if (r == 0)
		r = read_start_time(pid, &owner.start_time);
	if (r == 0)
		r = open_namespace(pid, &owner);
	if (r < 0)
		return r;
	if (is_another(&owner))
		return -ESRCH;
	if (is_own(own, &owner))
		return -EINVAL;
	*ret = owner;
	owner = NET_OWNER_NONE;
	return 0;
}

int netns_path_open(int own, const char *path, struct net_owner *ret)
{
	_cleanup_(net_owner_done) struct net_owner owner = NET_OWNER_NONE;
	int r = open_file(path, &owner);

	if (r < 0)
		return r;
	if (is_own(own, &owner))
		return -EINVAL;
	*ret = owner;
	owner = NET_OWNER_NONE;
	return 0;
}

/* "Pid:" of what the kernel tells of a process's descriptor, pidfd_open(2). */
static int read_pid(int fd, uint32_t *ret)
{
	_cleanup_(fd_closep) int info = -1;
	char path[40], text[1024];
	uint64_t pid;
	char *at;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = open(path, O_RDONLY | O_CLOEXEC);
	n = info < 0 ? -1 : read(info, text, sizeof(text) - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	at = strstr(text, "\nPid:\t");
	if (!at)
		return -ENOTTY;
	at += strlen("\nPid:\t");
	if (u64_parse((struct ovd_view){ .p = at, .n = strcspn(at, "\n") }, INT32_MAX, &pid) < 0 ||
	    pid == 0) /* it has ended, or is not of our pid namespace */
		return -ESRCH;
	*ret = (uint32_t)pid;
	return 0;
}

int netns_fd_open(int own, int fd, struct net_owner *ret)
{
	_cleanup_(net_owner_done) struct net_owner owner = NET_OWNER_NONE;
	char path[32];
	uint32_t pid;
	int r;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	r = netns_path_open(own, path, ret);
	if (r != -ENOTTY)
		return r;
	r = read_pid(fd, &pid);
	if (r == 0)
		r = netns_owner_open(own, pid, &owner);
	if (r < 0)
		return r;
	if (has_ended(fd))
		return -ESRCH;
	*ret = owner;
	owner = NET_OWNER_NONE;
	return 0;
}
