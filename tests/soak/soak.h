/* A host with the real daemon, and what its clients believe: the last good answer about each thing
 * counts. Nothing here knows how the daemon does it. */
#pragma once

#include "tests/crash/scene.h"
#include "tests/soak/act.h"

/* Containers by how they are called. */
#define PIDS       8
#define NETNSES    10 /* by a path */
#define FDS        12 /* by a descriptor */
#define GUESTS     14
#define CONTAINERS 16

#define SERVICES   6
#define NODE       SERVICES /* the node's own tunnel, behind theirs */
#define TUNNELS    7
#define PEERS      6
#define PREFIXES   8
#define LEASES_MAX 12 /* with all containers fewer than are in half a block */

enum { MODE_SHARED = 1, MODE_DEDICATED = 3 }; /* of enum OverlayMode */

struct soak_peer {
	bool known, allowed[PREFIXES];
};

struct soak {
	struct scene scene;
	struct {
		struct guest guest; /* PIDS: without a descriptor */
		bool attached, asked_join, ephemeral;
		unsigned service;
		char ip[64];
	} containers[CONTAINERS];
	struct {
		bool known;
		bool leaving; /* it goes with its last container */
		unsigned mode;
		char link[16];
	} services[SERVICES];
	struct soak_peer peers[TUNNELS][PEERS];
	struct {
		char ip[64];
		unsigned service;
		bool may_go; /* with a service */
	} leases[LEASES_MAX];
	size_t n_leases;
	bool up;           /* the tunnel */
	bool has_ranges;   /* of the node: it was up once */
	bool by_processes; /* the kernel has no WireGuard */
	bool peers_late;   /* some were changed since all was last as wanted */
	unsigned asked[ACT_MAX_], good[ACT_MAX_];
};

/* A sandbox, a daemon, containers. SKIPs where something is missing. */
void soak_enter(struct soak *s);

/* The daemon is uninstalled, and leaves nothing. */
void soak_leave(struct soak *s);

/* One act, and what comes of it. */
void soak_act(struct soak *s, const struct act *act);

/* Everything that is wanted is taken back. */
void soak_clear(struct soak *s);

/* The list of containers, the kernel and the stores say what the clients believe, soon; ends the
 * test if they don't. */
void soak_settle(struct soak *s);

/* The address that a daemon had lent when it was killed, if it had, is service's. */
void soak_learn_lease(struct soak *s, unsigned service);

/* For soak's own files: names, handles and keys, in static memory until the next call. */
const char *service_name(unsigned which);
const char *container_path(unsigned who);
const char *container_handle(const struct soak *s, unsigned who);
const char *peer_key(unsigned who);

/* Each tunnel has some of its own, and all have one. */
#define CLUSTER    "10.200."
#define PREFIX_MAX 32
const char *peer_prefix(unsigned tunnel, unsigned which, char text[PREFIX_MAX]);
bool is_peer_prefix(const char *text);

/* A service has gone, and with it what was lent of its addresses. */
void service_is_gone(struct soak *s, unsigned which);
unsigned service_users(const struct soak *s, unsigned which);
