/* A host of the test's own and containers on it, made and looked at with iproute2: not with what is
 * being tested. */
#pragma once

#include <sys/types.h>

#include "server/linux/platform.h"
#include "tests/check.h"
#include "tests/sandbox.h"

/* A sandbox whose lo is up. SKIPs where that or a tool is missing. */
void host_enter(void);

/* Runs a shell script that must succeed. What it prints; the caller frees it. */
char *sh(const char *format, ...) _printf_(1, 2);

/* The same where nobody wants the output. */
void run(const char *format, ...) _printf_(1, 2);

/* Whether a script succeeds. */
bool succeeds(const char *format, ...) _printf_(1, 2);

/* Whether this kernel makes WireGuard devices. */
bool kernel_has_wireguard(void);

/* A container: a process in a network namespace of its own. */
struct guest {
	pid_t pid;
	int netns;
};
void guest_start(struct guest *guest);
void guest_stop(struct guest *guest);

/* A shell script inside the container: sh("%s ip link", IN(guest)). */
#define IN(guest) in_guest(guest)
const char *in_guest(const struct guest *guest);

/* All links, addresses, routes, rules, UDP ports, firewall rules and wireguard-go's, of the
 * container too if it is not NULL. The caller frees it. */
char *look(const struct guest *guest);

/* The same again: ends the test at the first line that differs. What the kernel only does in the
 * background has a moment to come. */
#define CHECK_AS_BEFORE(guest, before) check_as_before(__FILE__, __LINE__, guest, before)
void check_as_before(const char *file, int line, const struct guest *guest, const char *before);

/* The platform without firewall; the test frees it with linux_net_free. */
struct linux_net *platform_new(void);

struct ovd_ip ip_of(const char *text);
struct ovd_cidr cidr_of(const char *text);
