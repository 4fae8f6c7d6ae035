/* A guest's compute service as tests need it. */
#pragma once

#include <pthread.h>

#include "runtime/buf.h"
#include "server/guest/gcs_frame.h"
#include "server/guest/transport.h"

/* ---- a frame at a time ---- */

void guest_send(struct transport *t, uint32_t type, uint64_t id, const char *document);

/* The next one; fails after 10 s. The document ends in a NUL; the caller's. */
struct gcs_header guest_receive(struct transport *t, struct buf *document);

/* ---- one that answers by itself ---- */

struct guest_manners {
	const char *capabilities;   /* of the answer to negotiate: an object */
	const char *logging_answer; /* to ModifyServiceSettings; NULL: success */
	const char *create_answer;  /* NULL: success */
	unsigned version;
};

struct fake_guest {
	pthread_t thread;
	struct transport *stream;
	struct guest_manners manners;
	struct buf log; /* what was asked: a line each, the type in hexadecimal and the document */
};

void fake_guest_start(struct fake_guest *g, struct transport *stream,
		      const struct guest_manners *manners);

/* Returns when the host has closed. The caller frees what was asked. */
void fake_guest_wait(struct fake_guest *g);
