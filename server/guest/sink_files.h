/* What a sink does with files; tests have disks of their own. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Each returns a negative errno. handle is the system's and never negative. */
struct sink_files {
	/* For appending, made if it isn't there, and not for everybody; not through a symbolic
	 * link. */
	int (*open)(void *arg, const char *path, intptr_t *ret_handle, uint64_t *ret_size);

	/* All of it; a failure may have written some. */
	int (*append)(void *arg, intptr_t handle, const void *p, size_t n);

	int (*truncate)(void *arg, intptr_t handle, uint64_t size);
	void (*close)(void *arg, intptr_t handle);

	/* What has the new name is replaced. */
	int (*rename)(void *arg, const char *from, const char *to);
	void *arg;
};

/* The system's. */
extern const struct sink_files sink_files_native;
