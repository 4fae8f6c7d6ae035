/* A daemon without its main part, on a platform and a tunnel in memory. The test is client and loop
 * in one thread. */
#pragma once

#include <uv.h>

#include "server/ipc/server.h"
#include "server/ops/daemon.h"
#include "tests/server/net/net_fake.h"

/* A tunnel that takes every change, and whose peers are what the test says. */
struct fake_tunnel {
	struct tunnel tunnel;
	int event; /* readable while something is to be answered */
	struct asked_of_it {
		tunnel_done_fn *done; /* NULL: nobody waits for it any more */
		void *arg;
	} asked[8];
	size_t n_asked;
	int result;                  /* of the next changes */
	bool hangs;                  /* it doesn't get ready */
	bool answers;                /* when it is ready */
	bool ended;                  /* its channel */
	int open_result;             /* of the next channels */
	unsigned n_opened;           /* channels to it */
	unsigned n_set;              /* changes that were begun */
	size_t n_told;               /* peers of the last one */
	struct tunnel_peer told;     /* the last of them; without its lists */
	struct tunnel_peer peers[300]; /* what it tells when it is asked */
	size_t n_peers;
};

struct node {
	struct daemon daemon;
	struct net_fake fake;
	struct net net; /* the fake's, and whose a process is */
	struct fake_tunnel tunnel;
	uv_loop_t loop;
	uv_poll_t worker_poll, tunnel_poll;
	struct server *server;
	char dir[32];
	int fd;                /* the client */
	int process;           /* the next owner's, given away; -1 */
	bool netns_ended;      /* no path is a namespace's any more */
	bool no_links;         /* the host has none */
	int links;             /* readable when a link has gone ... */
	const char *link_gone; /* of this name; NULL: more than was heard */
};

void node_start(struct node *n);
void node_stop(struct node *n);

/* Another client's descriptor, for n->fd; the caller closes it. */
int node_connect(struct node *n);

/* Sends a request, turns the loop until the answer is there, wants this in it, and returns it: a
 * string that lives until the next call. */
const char *node_ask(struct node *n, const char *request, const char *want);

/* The two halves of it. */
void node_send(struct node *n, const char *request);
void node_send_fd(struct node *n, const char *request, int fd); /* along with it */
const char *node_hear(struct node *n, const char *want);

/* A tunnel that hung answers what it was asked. */
void node_wake(struct node *n);

/* Its channels' descriptor is ready. */
void node_channel_ready(struct node *n);

/* The channel to its only tunnel is open. */
bool node_has_channel(const struct node *n);

/* Turns the loop until nothing is ready. */
void node_turn(struct node *n);
