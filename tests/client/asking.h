/* What the tests of the client ask. */
#pragma once

#include "client/overlayd.h"
#include "tests/check.h"
#include "tests/client/fake_daemon.h"

/* In ms: longer than any answer takes; for what never comes. */
#define PATIENT 15000
#define SHORT   30

extern const struct ovd_request ask_status, ask_tick;

/* A request with n names; 50,000 are more than a socket's buffer holds, 140,000 more than a frame.
 */
struct ovd_request ask_much(struct ovd_view *names, size_t n);

/* A client of this daemon. */
struct ovd_client *open_client(const struct fake_daemon *fake);

/* Asks, and wants ok. */
void ask_ok(struct ovd_client *client);
