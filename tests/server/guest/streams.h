/* Streams between a host and a guest in one process. */
#pragma once

#include "server/guest/transport.h"

enum streams_kind { STREAMS_TCP, STREAMS_UNIX, STREAMS_VSOCK };

#ifdef _WIN32
#define STREAMS_KINDS 1 /* that are everywhere */
#define STREAMS_BEST  STREAMS_TCP
#else
#define STREAMS_KINDS 2
#define STREAMS_BEST  STREAMS_UNIX
#endif

extern const char *const streams_names[];

struct streams {
	int kind;
	struct transport *listener; /* NULL: it is another's by now */
	uint16_t port;
	uint32_t vsock_port;
	char dir[64], path[96];
};

/* Listens somewhere of its own. -EAFNOSUPPORT and the like where that can't be. */
int streams_open(struct streams *s, int kind);

/* A guest that has connected, or is about to. */
struct transport *streams_connect(const struct streams *s);

/* Both ends of one. */
void streams_pair(struct transport **ret_host, struct transport **ret_guest);

void streams_close(struct streams *s);

/* Long enough for a connection to arrive at its listener. */
void streams_settle(const struct streams *s);

void streams_pause(long us);

/* How many threads this process has; and until it has so many again, which fails after 10 s. */
unsigned streams_threads(void);
void streams_wait_threads(unsigned n);
