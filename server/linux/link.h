/* Links: what they are, and changes that all kinds share. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "server/engine/step.h"
#include "server/linux/rtnl.h"

/* The group of links that wait to be deleted: "ovld". */
#define LINK_GROUP_GONE 0x6f766c64

struct link_info {
	int index;
	int master;
	int peer, netns; /* of a pair: the other one's index, and the number that its namespace has
			    here (IFLA_LINK_NETNSID); -1: ours */
	bool up;
	uint32_t mtu, group;
	uint8_t operstate; /* IF_OPER_UP: 6, linux/if.h */
	char name[LINK_NAME_MAX];
	char kind[16];
	char alias[256];
};

/* The link of that name; -ENODEV. */
int link_get(int fd, const char *name, struct link_info *ret);

/* The name of a link in another namespace, which has this number here; false if there is none.
 * Since Linux 4.20. */
bool link_name_in(int fd, int netns, int index, char ret[LINK_NAME_MAX]);

/* Every link, in no order. */
int link_each(int fd, void (*each)(void *arg, const struct link_info *link),
	      void (*restart)(void *arg), void *arg);

/* The group that links are made in whose alias begins with the mark of this one, "overlayd " and 8
 * hex digits: that number, but never 0, where everybody's links are, nor LINK_GROUP_GONE. It says
 * whose a link is from its first moment on; an alias can only be given to one that is there. 0 if
 * there is no mark. */
uint32_t link_group(const char *alias);
void link_put_group(struct rtnl_batch *b, const char *alias);

/* Whether a link bears an alias that begins with this, up to its last tab; or none yet, in the
 * group of that one. */
bool link_has_alias(const struct link_info *link, const char *alias);

/* Whether a link has a name as ours have: "zl-...". */
bool link_is_named_ours(const char *name);

/* What became of a creation that said r: it may have been done all the same, when its answer was
 * lost. 0 if a link of that name is there in the group of this alias and has none yet. */
int link_made(int fd, const char *name, const char *alias, int r);

/* Deletes a link; one that is gone is ok, and so is index 0. */
int link_delete(int fd, const char *name);
int link_delete_index(int fd, int index);

/* Messages for a batch: alias and no addresses of the kernel's own making; up. By name, or by index
 * if it is not 0. */
void link_put_quiet(struct rtnl_batch *b, int index, const char *name, const char *alias);
void link_put_up(struct rtnl_batch *b, int index, const char *name);
void link_put_mtu(struct rtnl_batch *b, int index, uint32_t mtu);

/* Down; the same, and in the group of links that wait to be deleted. */
void link_put_down(struct rtnl_batch *b, int index);
void link_put_gone(struct rtnl_batch *b, int index);

/* The link's index; 0 if there is none. Its name; false if there is none. */
int link_index(const char *name);
bool link_name(int index, char ret[LINK_NAME_MAX]);
