/* Hosts with a daemon each. */
#pragma once

#include "runtime/key.h"
#include "tests/server/linux/host.h"

struct node {
	const char *dir, *number, *address; /* of the host's link */
	int netns;
	pid_t pid;
	int fd; /* a connection to it */
	char socket[64];
};

/* The calling process goes there. */
void enter_netns(int netns);

/* Starts the node's daemon, in its namespace, and returns to the own one when it listens; kills it;
 * stops it. */
void node_start(struct node *n, int own);
void node_kill(struct node *n);
void node_stop(struct node *n);

/* Its tunnel, with a slice of its number, and service web; the container on that. */
void node_set_up(const struct node *n);
void node_attach(const struct node *n, const struct guest *guest, char ip[64]);

/* The public key of its tunnel. */
void node_key(const struct node *n, char key[KEY_TEXT_MAX]);

/* It knows the other one's key, address and slice. */
void node_add_peer(const struct node *n, const struct node *peer);

/* A link between the host here and another one. */
void node_connect(const struct node *one, const struct guest *host, const struct node *two);
