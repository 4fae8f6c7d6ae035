/* A server on a loop of the test's own, with handlers of the test's own. The test is client and
 * loop in one thread, and has its hand on the clock. */
#pragma once

#include <uv.h>

#include "server/ipc/server.h"
#include "tests/server/ipc/clock.h"

/* What the handlers do with an operation. */
#define OP_OK    "{\"op\":\"set_local_node_id\",\"node_id\":1}" /* ok at once */
#define OP_FAIL  "{\"op\":\"nat_status\"}" /* returns -ENOSPC without an answer */
#define OP_HOLD  "{\"op\":\"shutdown\"}"   /* parked: in rig.held until the test answers it */
#define OP_NAME  "{\"op\":\"teardown_service_overlay\",\"service\":\"web\"}" /* parked like that */
#define OP_AWAIT "{\"op\":\"teardown_global_overlay\"}" /* -EINPROGRESS while rig.busy, then ok */
#define OP_FREE                                                                                    \
	"{\"op\":\"list_edge_peers\"}"  /* the same; if rig.may_end it ends that, and fails */
#define OP_PLAN "{\"op\":\"nat_tick\"}" /* ok when the link thread has run a step */
#define OP_FD   "{\"op\":\"list_attachments\"}" /* ok; rig.fd_ino is that of its first descriptor */
#define OP_HEAR "{\"op\":\"hello\"}"            /* ok, and events from then on */
#define OP_BIG  "{\"op\":\"status\"}"           /* an answer with a name of rig.n_big bytes */

struct rig {
	uv_loop_t loop;
	uv_poll_t worker_poll, helper_poll;
	struct worker *worker, *helper;
	struct server *server; /* NULL when it has closed */
	char dir[32], path[64];
	struct call *held;
	bool busy, may_end;
	size_t n_big;
	bool big_aside;   /* it is written by another thread */
	uint64_t fd_ino;  /* 0: it had none */
	unsigned handled; /* requests that came to the handlers */
	unsigned closed;  /* calls of server_close's function */
};

void rig_start(struct rig *r);

/* Closes the server, if the test hasn't, and frees everything. */
void rig_stop(struct rig *r);

/* A connection that never blocks. */
int rig_connect(struct rig *r);

/* Sends bytes, all of them, turning the loop where they don't fit. */
void rig_send(struct rig *r, int fd, const void *bytes, size_t n);

/* Sends a request frame; one that begins with so many blanks. */
void rig_ask(struct rig *r, int fd, unsigned id, const char *op);
void rig_ask_padded(struct rig *r, int fd, unsigned id, const char *op, size_t n_blanks);

/* Turns the loop until nothing is ready. */
void rig_turn(struct rig *r);

/* Turns the loop until a body has come; a string, freed by the caller; NULL at the end of the
 * stream. */
char *rig_read(struct rig *r, int fd);

/* The next body answers this id, with this in it. */
void rig_expect(struct rig *r, int fd, unsigned id, const char *text);

/* The stream ends here. */
void rig_expect_end(struct rig *r, int fd);

/* Nothing has come, and the connection stands. */
bool rig_quiet(struct rig *r, int fd);
