/* A device of a real wireguard-go. */
#pragma once

#include "server/linux/wg_backend.h"

#define LINK "zl-test-g"

/* On a host of the test's own; SKIPs where that can't be. */
struct wg device(void);

/* Deletes it, and with it the process. */
void device_done(struct wg *wg);
