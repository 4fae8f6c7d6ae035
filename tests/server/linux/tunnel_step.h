/* A tunnel, the step that makes it, and what its device has then. */
#pragma once

#include "tests/server/linux/host.h"

#define NAME  "zl-test-g"
#define MARK  "overlayd 01234567"
#define ALIAS MARK " tunnel " NAME

/* On a host of the test's own; SKIPs where no tunnel can be made. */
struct linux_net *host_with_platform(void);

/* What is wanted of it: the node's address in a /16, and the /26 around it as its block; port 0 is
 * any. */
struct tunnel_want want_of(const char *ip, uint16_t port);

/* The step that wants this. */
struct step step_of(const char *ip, uint16_t port);

/* What the device has. */
uint16_t port_of(struct linux_net *l);
size_t peer_count_of(struct linux_net *l);
