/* What the kernel's WireGuard and the userspace one have in common. */
#pragma once

#include "server/linux/wg.h"

struct wg_backend {
	/* It serves the device of that name. */
	bool (*is)(struct wg *wg, const char *link);

	/* As wg.h says. make: -EOPNOTSUPP where this back end has no devices. */
	int (*make)(struct wg *wg, const char *link, const char *alias, bool *ret_made);
	int (*delete)(struct wg *wg, const char *link);
	int (*open)(struct wg *wg, const char *link, struct tunnel **ret);
};

extern const struct wg_backend wg_kernel, wg_user;

struct wg_process;

struct wg {
	const char *control_dir;
	struct log *log;
	struct wg_process *processes; /* wireguard-go's that are our children */
};
