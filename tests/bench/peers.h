/* What is asked about many peers: of the daemon, and of a device by its own control socket.
 * Whatever fails ends the program. */
#pragma once

#include "client/overlayd.h"

#define PER_ROUND 100
#define PEERS     (100 * PER_ROUND)

/* Ends the program with errno's text. */
_Noreturn void stop(const char *what);

/* ---- through the daemon ---- */

struct ours {
	struct ovd_client *client;
	unsigned n; /* peers that were added */
};

/* The answer, which is no `err`; it lives until the next call. */
const struct ovd_response *ask(struct ovd_client *client, const struct ovd_request *request);

/* Each with a struct ours: adds PER_ROUND peers; asks for the status of all; tells all that are
 * there already; takes all and tells them again; and sends what is no request. */
void our_adds(void *arg);
void our_status(void *arg);
void sync_same(void *arg);
void sync_none_and_all(void *arg);
void bad_request(void *arg);

/* ---- through the device's own socket ---- */

struct bare {
	int fd;
	unsigned n;
};

/* Each with a struct bare: the first two of the above. */
void bare_adds(void *arg);
void bare_dump(void *arg);
