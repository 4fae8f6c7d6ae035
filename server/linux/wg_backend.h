/* What the kernel's WireGuard and the userspace one have in common. */
#pragma once

#include "server/linux/wg.h"

struct wg_backend {
	/* As wg.h says; make: -EOPNOTSUPP where this back end has no devices. is: it serves the
	 * device of that name. */
	int (*make)(struct wg *wg, const char *link, bool *ret_made);
	bool (*is)(struct wg *wg, const char *link);
	int (*delete)(struct wg *wg, const char *link);
	int (*set)(struct wg *wg, const char *link, const struct tunnel_change *change,
		   char *detail);
	int (*get)(struct wg *wg, const char *link, struct tunnel_state *ret);
	int (*open)(struct wg *wg, const char *link, struct tunnel **ret);
};

extern const struct wg_backend wg_user;

struct wg_process;

struct wg {
	const char *control_dir;
	struct log *log;
	struct wg_process *processes; /* wireguard-go's that are our children */
};

/* A state that outlives what it was read from: one piece of memory for wg_state_done. */
int wg_state_copy(const struct tunnel_state *state, struct tunnel_state *ret);
