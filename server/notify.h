/* Tells the service manager how things stand: sd_notify(3), the protocol alone. */
#pragma once

/* Sends the state, "READY=1", "STOPPING=1" or "WATCHDOG=1", to $NOTIFY_SOCKET if that is set.
 * Failures don't matter to anybody here. */
void notify_state(const char *state);
