/* A Host Compute Service that does what a test tells it to, and counts what it is owed. */
#pragma once

#include <pthread.h>
#include <stdbool.h>

#include "server/hcs/hcs.h"

enum fake_call {
	FAKE_CREATE,
	FAKE_OPEN,
	FAKE_START,
	FAKE_SHUT_DOWN,
	FAKE_TERMINATE,
	FAKE_PROPERTIES,
	FAKE_MODIFY,
	FAKE_ENUMERATE,
	FAKE_SET_CALLBACK,
};
#define FAKE_N_CALLS 9

struct fake_hcs;

/* What a call does. All zeros: it succeeds at once, without a document. */
struct fake_script {
	int32_t begin;                         /* what the call itself returns */
	int32_t result;                        /* what waiting for it returns */
	const char *document;                  /* with either result */
	unsigned delay_ms;                     /* how long the operation takes */
	void (*during)(struct fake_hcs *fake); /* called within the call */
};

struct fake_hcs {
	struct hcs_api api;
	struct fake_script scripts[FAKE_N_CALLS];
	bool create_gives_no_handle;
	void *user;

	pthread_mutex_t lock; /* around all below */
	pthread_cond_t changed;
	unsigned operations, systems, documents; /* given out and not given back */
	unsigned threads;                        /* that still run */
	unsigned calls[FAKE_N_CALLS], cancels;
	char order[64];                 /* the calls, a letter each: cosSTtpmew, in enum's order */
	char texts[FAKE_N_CALLS][512];  /* document, query or options that came last */
	uint32_t access;                /* that open asked for */
	bool had_no_text[FAKE_N_CALLS]; /* it was NULL */
	bool closed_within_callback;    /* a real service would hang now */
	struct hcs_system *newest;      /* the system given out last */
	uintptr_t newest_id;            /* that its callback has, 0: none */
};

void fake_init(struct fake_hcs *fake);

/* Delivers an event of the newest system, as the service does: on this thread; not if the system is
 * closed, which waits for those under way. False if it was closed, or nobody listens. */
bool fake_emit(struct fake_hcs *fake, uint32_t type, const char *data);

/* The same on a thread of its own, after delay_ms. */
void fake_emit_later(struct fake_hcs *fake, uint32_t type, const char *data, unsigned delay_ms);

/* Waits until no handle or thread is left, and has the test fail if one stays, or if anything is
 * owed or was done that a service would not survive. */
void fake_check_done(struct fake_hcs *fake);
