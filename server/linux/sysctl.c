#include "server/linux/sysctl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runtime/util.h"

#define CONF "/proc/sys/net/ipv%d/conf/%s/%s"

static int read_switch(int family, const char *link, const char *name)
{
	_cleanup_(fd_closep) int fd = -1;
	char path[160], value;

	snprintf(path, sizeof(path), CONF, family, link, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && read(fd, &value, 1) == 1 ? value - '0' : -1;
}

static int write_switch(int family, const char *link, const char *name, char value)
{
	_cleanup_(fd_closep) int fd = -1;
	char path[160];

	snprintf(path, sizeof(path), CONF, family, link, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return write(fd, &value, 1) == 1 ? 0 : -errno;
}

/* A host that forwards ignores router advertisements, unless accept_ra is 2. */
static void keep_advertisements(void)
{
	DIR *dir = opendir("/proc/sys/net/ipv6/conf");
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && read_switch(6, entry->d_name, "accept_ra") == 1)
			write_switch(6, entry->d_name, "accept_ra", '2');
	if (dir)
		closedir(dir);
}

static int forward_ip6(const char *link)
{
	if (read_switch(6, link, "force_forwarding") >= 0)
		return write_switch(6, link, "force_forwarding", '1');
	if (read_switch(6, "all", "forwarding") != 0)
		return 0; /* on already, or there is no IPv6 */
	keep_advertisements();
	return write_switch(6, "all", "forwarding", '1');
}

int sysctl_forward(const char *link)
{
	int r = read_switch(4, link, "forwarding") == 1 ? 0
							: write_switch(4, link, "forwarding", '1');
	int r6 = forward_ip6(link);

	return r < 0 ? r : r6;
}

int sysctl_proxy_ip6(const char *link)
{
	return read_switch(6, link, "proxy_ndp") == 1 ? 0 : write_switch(6, link, "proxy_ndp", '1');
}
