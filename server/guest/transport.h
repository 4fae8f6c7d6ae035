/* The seam between what is said to a guest and how it is carried: a stream of bytes, or what
 * listens for streams.
 *
 * Waiting ends in three ways: what was waited for is there, the time is over, somebody cancelled. A
 * cancel stays: a call that has something at hand takes it, one that would have to wait does not,
 * now and later. So it can't come too early or between two calls, and what had arrived when it came
 * can still be read. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "runtime/view.h"

#define TRANSPORT_PEER_MAX 64

struct transport {
	const struct transport_ops *ops;
	char peer[TRANSPORT_PEER_MAX]; /* of a stream: who is at the other end; never changes */
};

/* Each returns a negative errno: -ETIMEDOUT after timeout_ms (-1: never), -ECANCELED. */
struct transport_ops {
	/* The next stream. What is wrong with one peer is not reported; -EMFILE and the like
	 * are, and the next call may go well. */
	int (*accept)(struct transport *t, int timeout_ms, struct transport **ret);

	/* Up to n bytes: how many; 0 at the end. */
	ssize_t (*recv)(struct transport *t, void *p, size_t n, int timeout_ms);

	/* All n bytes; after an error nobody knows how many. May be called while another thread
	 * is in recv. */
	int (*send)(struct transport *t, const void *p, size_t n, int timeout_ms);

	/* May be called by any thread until close. */
	void (*cancel)(struct transport *t);

	/* Frees it. Nobody may be in a call. */
	void (*close)(struct transport *t);
};

static inline int transport_accept(struct transport *t, int timeout_ms, struct transport **ret)
{
	return t->ops->accept(t, timeout_ms, ret);
}

static inline ssize_t transport_recv(struct transport *t, void *p, size_t n, int timeout_ms)
{
	return t->ops->recv(t, p, n, timeout_ms);
}

static inline int transport_send(struct transport *t, const void *p, size_t n, int timeout_ms)
{
	return t->ops->send(t, p, n, timeout_ms);
}

static inline void transport_cancel(struct transport *t)
{
	t->ops->cancel(t);
}

/* Accepts NULL. */
static inline void transport_close(struct transport *t)
{
	if (t)
		t->ops->close(t);
}

/* For _cleanup_. */
static inline void transport_closep(struct transport **t)
{
	transport_close(*t);
}

/* Where to listen, as written in the command line: "unix:PATH", "tcp:127.0.0.1:PORT", "vsock:PORT".
 */
enum transport_kind {
	TRANSPORT_UNIX,
	TRANSPORT_TCP,
	TRANSPORT_VSOCK,
};

struct transport_address {
	enum transport_kind kind;
	const char *path; /* within the text */
	uint32_t port;
};

/* -EINVAL if it is none. */
int transport_address_parse(const char *text, struct transport_address *ret);

/* Listens there. -EAFNOSUPPORT where the system has no such thing; negative errno of bind(2) and
 * listen(2). */
int transport_listen(const struct transport_address *address, struct transport **ret);

/* Each alone. A Unix socket is made as stream_listen does, for its owner alone, and goes at close;
 * TCP is on 127.0.0.1, and port 0 any that is free; vsock is for all guests. */
int transport_unix_listen(const char *path, struct transport **ret);
int transport_unix_connect(const char *path, struct transport **ret);
int transport_tcp_listen(uint16_t port, struct transport **ret);
int transport_tcp_connect(uint16_t port, struct transport **ret);
int transport_vsock_listen(uint32_t port, struct transport **ret);
int transport_vsock_connect(uint32_t cid, uint32_t port, struct transport **ret);

/* The port that a TCP listener got. */
int transport_tcp_port(const struct transport *t, uint16_t *ret);
