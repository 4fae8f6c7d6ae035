/* A host with the real overlayd and a container, and all that there is to see of them. */
#pragma once

#include <stdio.h>

#include "tests/integration/daemon.h"
#include "tests/server/linux/host.h"

#define SCENE_DIR "/run/d"

struct scene {
	pid_t pid; /* the daemon's; 0: it doesn't run */
	int fd;    /* a connection to it; -1 */
	struct guest guest;
	char ip[64]; /* the last one that an allocation gave */
	bool anew;   /* keys differ each time: they are not looked at */
};

/* A sandbox with a way out, and a container. SKIPs where something is missing. */
void scene_enter(struct scene *s);

/* Starts a daemon and returns when it listens. scene_fork starts one that waits for its tracer,
 * trace_begin_held, before it executes anything. */
void scene_start(struct scene *s);
pid_t scene_fork(void);
void scene_connect(struct scene *s);

/* The daemon has ended: its connection is closed. */
void scene_forget(struct scene *s);
void scene_kill(struct scene *s);

/* Asks; in a request %d is the container's process, %s is `ip`. The caller frees the answer. The
 * second ends the test unless the answer is a good one. */
char *scene_ask(struct scene *s, const char *request);
void scene_must(struct scene *s, const char *request);
bool answer_is_good(const char *answer);

/* A body after its length, with a descriptor. Does nothing if the daemon has ended. */
void scene_send_with(int connection, const char *body, int fd);

/* Sets `ip` to the one that the store says is lent. */
void scene_learn_ip(struct scene *s);

/* A child that asks, writes the answer to the file SCENE_ANSWER, and ends. */
#define SCENE_ANSWER "/run/answer"
pid_t scene_ask_beside(struct scene *s, const char *request);

/* A child that ends when the daemon listens. */
pid_t scene_wait_beside(void);

/* Links, addresses, routes, rules, switches, firewall, of host and container; the tunnel's device;
 * processes; files; both stores; status. Without what differs from life to life: numbers of links,
 * which free address a container got. The caller frees it. */
char *scene_look(struct scene *s);

/* The records of a store, DIR: KEY = VALUE on a line. */
void scene_put_store(FILE *out, const char *dir);

/* What the daemon has open. The caller frees it. */
char *scene_descriptors(const struct scene *s);

/* How many of fifty addresses of service web can still be had, none of them twice. */
unsigned scene_free(struct scene *s);

/* Shows the end of the daemon's log. */
void scene_show_log(void);
