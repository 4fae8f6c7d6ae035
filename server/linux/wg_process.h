/* wireguard-go, one process per device. */
#pragma once

#include "server/linux/wg_backend.h"

/* Starts it for a device of that name. Returns when its socket answers, or that of one that
 * another daemon started a moment ago. -EOPNOTSUPP if there is no
 * such program; -EIO if it ended; -ETIMEDOUT. */
int wg_process_start(struct wg *wg, const char *link);

/* Waits for the socket of one that a daemon started that died. -EEXIST: nobody answers. */
int wg_process_wait(struct wg *wg, const char *link);

/* Ends the one that serves the device, if it is our child, and waits for it. */
void wg_process_stop(struct wg *wg, const char *link);

/* Removes the device's socket if nobody listens: a process that was killed left it. */
void wg_process_tidy(const struct wg *wg, const char *link);

/* Frees the records; the processes go on. */
void wg_process_forget_all(struct wg *wg);

/* The socket of a device. */
const char *wg_socket_path(const struct wg *wg, const char *link, char text[128]);
