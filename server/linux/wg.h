/* WireGuard devices: the kernel's where there is one, else wireguard-go's. */
#pragma once

#include "runtime/log.h"
#include "server/net/net.h"

/* Where wireguard-go puts its sockets; compiled into it. */
#define WG_CONTROL_DIR "/var/run/wireguard"

struct wg;

/* control_dir and log must outlive it. -ENOMEM. */
int wg_new(const char *control_dir, struct log *log, struct wg **ret);
void wg_free(struct wg *wg);

/* On the link thread. All may wait for up to WG_SECONDS.
 *
 * make: a device of that name, down, without key, the kernel's in the group of links with this
 * alias, which it doesn't get here; *ret_made: it was not there before. Kernel first; where it
 * doesn't know the kind, a wireguard-go of our own, and its socket answers when make returns.
 * -ENOENT if there is neither. delete: the device is gone, and a wireguard-go that served it has
 * ended; unknown is ok. set, get: as struct tunnel_ops says, at once; the state lives until
 * tunnel_state_done. */
#define WG_SECONDS 5
int wg_make(struct wg *wg, const char *link, const char *alias, bool *ret_made);
int wg_delete(struct wg *wg, const char *link);
int wg_set(struct wg *wg, const char *link, const struct tunnel_change *change);
int wg_get(struct wg *wg, const char *link, struct tunnel_state *ret);

/* On the loop: the channel of net.h to a device that is there. */
int wg_open(struct wg *wg, const char *link, struct tunnel **ret);
