/* A client of the server's, as fuzz_connections.c has several. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/un.h>

#include "runtime/frame.h"
#include "runtime/view.h"

#define CLIENT_FDS_MAX 7 /* of fds: more than the server takes */

/* {0} is none yet. */
struct client {
	int fd;       /* -1: closed by us */
	bool is_wild; /* sent what is no request: no answers can be told for it */
	bool is_deaf; /* asked for more than the server queues */
	bool half_closed;
	bool at_end;       /* the server has closed it */
	uint64_t asked;    /* requests so far, with the ids 1, 2, ... */
	uint64_t answered; /* their answers */
	unsigned fds;      /* copies of `given` that go along with what is sent next */
	int given;
	struct buf codecs; /* a byte for each: the form it was in */
	struct buf rest;   /* of a request, still to be sent */
	struct frame_reader in;
};

void client_connect(struct client *c, const struct sockaddr_un *address, socklen_t n);

/* Bytes that are whatever they are. */
void client_send_bytes(struct client *c, struct ovd_view bytes);

/* A good request; which one, and in what form, `how` says. */
void client_ask(struct client *c, unsigned how);

/* The same, without its last bytes, which the other sends. */
void client_ask_in_two(struct client *c, unsigned how);
void client_send_rest(struct client *c);

/* Takes what is there. Every frame must be an answer; a client that isn't wild gets them in order,
 * each in the form of its request. Whether there was anything. */
bool client_read(struct client *c);

void client_close_half(struct client *c);

/* Closes and frees. Twice is once. */
void client_close(struct client *c);

/* Nothing more is to come: all that was asked is answered. Not if the server was told to read no
 * more before that. */
void client_must_be_served(const struct client *c, bool drained);
