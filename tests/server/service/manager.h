/* A service manager that writes down what it is told, and objects to what it must not be told. */
#pragma once

#include <pthread.h>

#include "server/service/service_state.h"

#define MANAGER_REPORTS 64

struct manager {
	pthread_mutex_t lock;
	struct scm_status reports[MANAGER_REPORTS]; /* the first ones */
	unsigned n;                                 /* of all of them */
	unsigned states;                            /* entered, in all */
	unsigned illegal;                           /* reports that none may make */
	const char *wrong;                          /* the first of them */
	struct scm_status last;
};

#define MANAGER_INIT                                                                               \
	{                                                                                          \
		.lock = PTHREAD_MUTEX_INITIALIZER                                                  \
	}

/* For service_state_new. */
void manager_report(void *arg, const struct scm_status *status);

/* The last report, and how many there were. */
struct scm_status manager_last(struct manager *m);
unsigned manager_count(struct manager *m);

/* Returns when the last report has this state; ends the test if it doesn't come. */
void manager_wait(struct manager *m, enum scm_state state);

/* The states that were entered, as "2 4 3 1". */
const char *manager_path(struct manager *m, char text[4 * MANAGER_REPORTS]);
