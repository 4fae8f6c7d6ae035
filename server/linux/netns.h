/* Whose a process's network namespace is. */
#pragma once

#include "server/net/net.h"

/* See struct net; own is a descriptor of the daemon's own namespace. */
int netns_owner_open(int own, uint32_t pid, struct net_owner *ret);
int netns_path_open(int own, const char *path, struct net_owner *ret);
int netns_fd_open(int own, int fd, struct net_owner *ret);
