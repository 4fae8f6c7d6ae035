/* A platform in memory: what is there is a list of lines, and any step can be told to fail. */
#pragma once

#include "server/net/net.h"

#define FAKE_THINGS_MAX 512

struct net_fake {
	struct net net;
	char things[FAKE_THINGS_MAX][192]; /* "bridge zl-web-b 10.200.4.129/26" */
	size_t n;
	int fail_at; /* the step that fails, counted from 0; -1: none */
	int error;   /* what it fails with */
	int steps;   /* that were run */
	const char *foreign; /* a bridge that is somebody else's: it stays; NULL: none */
};

void net_fake_init(struct net_fake *f);

/* Everything that is there, sorted, a line each, in memory that lives until the next call but one.
 */
const char *net_fake_text(struct net_fake *f);

/* The thing that begins so goes, without any step; unknown is ok. True if it was there. */
bool net_fake_drop(struct net_fake *f, const char *prefix);
bool net_fake_has(const struct net_fake *f, const char *prefix);
