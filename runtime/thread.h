/* Threads that no signal finds: those are the main thread's. */
#pragma once

#include <pthread.h>
#ifndef _WIN32
#include <signal.h>
#endif

/* Negative errno. */
static inline int thread_start(pthread_t *ret, void *(*run)(void *arg), void *arg)
{
	int error;
#ifndef _WIN32
	sigset_t all, kept;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &kept);
#endif
	error = pthread_create(ret, NULL, run, arg);
#ifndef _WIN32
	pthread_sigmask(SIG_SETMASK, &kept, NULL);
#endif
	return -error;
}
