/* Hosts of their own, each a network namespace with a daemon and containers, for measuring what the
 * real one takes. Whatever fails ends the program. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define ANSWER_MAX (16u << 20)

struct host {
	const char *name; /* of its data dir, in /run, and its instance; 8 bytes at most */
	int netns;
	pid_t daemon;
	int fd; /* a connection to it */
};

/* The rest of the program runs in namespaces of its own: processes, mounts (/run is empty),
 * network. They and all in them end with it. False, and why was printed, where that is not allowed.
 */
bool host_sandbox(const char *program);

/* Makes the namespace. */
void host_make(struct host *host, const char *name);

/* Starts the daemon and connects as soon as somebody listens. */
void host_start(struct host *host);

/* Waits for the daemon's end; the connection is closed. */
void host_end(struct host *host);

/* Its daemon has ended, and the next one can't read its stores. */
void host_damage(const struct host *host);

/* One more connection. */
int host_connect(const struct host *host);

/* How many links there are, of whatever kind. */
unsigned host_links(const struct host *host);

/* How long the kernel takes to delete a bridge that has nothing, in milliseconds. */
double host_bridge_deletion(void);

/* The daemon's memory, in bytes: a line of /proc/PID/status, "RssAnon:". */
double host_memory(const struct host *host, const char *what);

/* One request, without its envelope; an answer `err` is a failure. */
void host_ask(int fd, const char *request);

/* Writes the request with this number into text, of REQUEST_MAX bytes. */
typedef void request_fn(unsigned number, char *text);
#define REQUEST_MAX 512

/* Asks n requests, one after another without waiting for the answers. */
void host_ask_all(int fd, request_fn *request, unsigned n);

/* A process in a network namespace of its own, that does nothing. */
pid_t host_container(void);

/* The value below which this percentage of them lies; sorts them. */
double percentile(double *values, size_t n, double percent);

/* The n-th service's setup, the n-th peer: a request_fn each. */
void host_put_service(unsigned n, char *text);
void host_put_peer(unsigned n, char *text);
