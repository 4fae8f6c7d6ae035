/* A warm daemon asks malloc for nothing between reading a request and flushing its answer: what is
 * remembered lies where something lay before. The platform is one in memory; libnl, libnftables and
 * the resolver ask for what they need. */
#include <execinfo.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/check.h"
#include "tests/server/ops/node.h"

#define ROUNDS 10000

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

/* Of all threads. */
static unsigned long calls; /* of malloc and its kin */
static long blocks;         /* that are out */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

#define COUNTS false /* a sanitizer has a malloc of its own */

static void show_next_caller(void)
{
}

#else

#define COUNTS true

static bool showing;

static void show_next_caller(void)
{
	void *warm[1];

	backtrace(warm, 1); /* its first call asks for memory itself */
	showing = true;
}

static void count(int change)
{
	void *callers[32];

	__atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&blocks, change, __ATOMIC_RELAXED);
	if (showing) {
		showing = false;
		backtrace_symbols_fd(callers, backtrace(callers, ARRAY_SIZE(callers)),
				     STDOUT_FILENO);
	}
}

/* glibc's own, behind the names that we take. */
extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);
extern void __libc_free(void *p);

void *malloc(size_t n)
{
	count(1);
	return __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
	count(1);
	return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
	count(!p);
	return __libc_realloc(p, n);
}

void free(void *p)
{
	if (p)
		count(-1);
	__libc_free(p);
}

#endif

#define KEY  "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define KEY2 "AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

#define GLOBAL(port)                                                                               \
	"{\"op\":\"setup_global_overlay\",\"deployment\":\"d\",\"instance_id\":\"1\","             \
	"\"cluster_cidr\":\"10.200.0.0/16\",\"slice_cidr\":\"10.200.4.0/24\",\"wg_port\":" port    \
	"}"
#define SERVICE(name, mode)                                                                        \
	"{\"op\":\"setup_service_overlay\",\"service\":\"" name "\",\"mode\":\"" mode "\"}"
#define PID(pid) "\"handle\":{\"platform\":\"linux_pid\",\"pid\":" pid "}"
#define ATTACH(pid)                                                                                \
	"{\"op\":\"attach_container\"," PID(pid) ",\"service\":\"web\",\"join_global\":true}"
#define DETACH(pid) "{\"op\":\"detach_container\"," PID(pid) "}"
#define PEER(key, endpoint, allowed)                                                               \
	"{\"op\":\"add_peer\",\"public_key\":\"" key "\",\"endpoint\":\"" endpoint                 \
	"\",\"allowed_ips\":\"" allowed "\",\"persistent_keepalive_secs\":25,"                     \
	"\"scope\":{\"scope\":\"global\"}}"
#define ALLOWED(op, cidr)                                                                          \
	"{\"op\":\"" op "_allowed_ip\",\"pubkey\":\"" KEY "\",\"cidr\":\"" cidr                    \
	"\",\"scope\":{\"scope\":\"global\"}}"
#define REMOVE(key)                                                                                \
	"{\"op\":\"remove_peer\",\"pubkey\":\"" key "\",\"scope\":{\"scope\":\"global\"}}"

/* A request and what its answer holds. '@' stands for the address that the answer before held. */
struct line {
	const char *request, *answer;
};

/* Lines that are sent one after the other, again and again. */
struct kind {
	const char *name;
	struct line lines[4];
};

/* What every round finds: a tunnel, a service, a container, a peer. */
static const struct line furniture[] = {
	{ GLOBAL("0"), "\"bridge_name\"" },
	{ SERVICE("web", "auto"), "\"service_overlay\"" },
	{ SERVICE("one", "shared"), "\"service_overlay\"" },
	{ ATTACH("5"), "\"attached\"" },
	{ PEER(KEY, "192.0.2.2:51820", "10.200.5.0/24, 10.200.6.0/24"), "\"ok\"" },
};

static const struct kind at_once[] = {
	{ "status", { { "{\"op\":\"status\"}", "\"status\"" } } },
	{ "hello", { { "{\"op\":\"hello\",\"client\":\"c 1\"}", "\"server_info\"" } } },
	{ "node id", { { "{\"op\":\"set_local_node_id\",\"node_id\":7}", "\"ok\"" } } },
	{ "own key",
	  { { "{\"op\":\"set_local_wg_pubkey\",\"pubkey\":"
	      "\"q80AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}",
	      "\"ok\"" } } },
	{ "foreign key",
	  { { "{\"op\":\"set_local_wg_pubkey\",\"pubkey\":\"" KEY "\"}", "\"ok\"" } } },
	{ "address of a service",
	  { { "{\"op\":\"allocate_ip\",\"service\":\"web\",\"join_global\":false}", "\"ip\"" },
	    { "{\"op\":\"release_ip\",\"ip\":\"@\"}", "\"ok\"" } } },
	{ "address of the node",
	  { { "{\"op\":\"allocate_ip\",\"service\":\"none\",\"join_global\":true}", "\"ip\"" },
	    { "{\"op\":\"release_ip\",\"ip\":\"@\"}", "\"ok\"" } } },
	{ "address of nobody", { { "{\"op\":\"release_ip\",\"ip\":\"192.0.2.1\"}", "\"ok\"" } } },
	{ "bad JSON",
	  { { "{\"op\"", "\"err\"" },
	    { "[1]", "\"err\"" },
	    { "{\"op\":\"nope\"}", "\"err\"" },
	    { "{\"op\":\"status\",\"op\":\"status\"}", "\"err\"" } } },
	{ "not built yet",
	  { { "{\"op\":\"nat_status\"}", "not built yet" },
	    { "{\"op\":\"nat_tick\"}", "not built yet" } } },
	{ "tunnel refused",
	  { { "{\"op\":\"setup_global_overlay\",\"deployment\":\"d\",\"instance_id\":\"1\","
	      "\"cluster_cidr\":\"10.200.0.0/16\",\"slice_cidr\":\"10.9.4.0/24\",\"wg_port\":0}",
	      "is not inside" } } },
	{ "service refused",
	  { { SERVICE("web", "shared"), "tear it down first" },
	    { SERVICE("", "auto"), "\"err\"" } } },
	{ "unknown service",
	  { { "{\"op\":\"teardown_service_overlay\",\"service\":\"x\"}", "\"ok\"" } } },
	{ "attached again", { { ATTACH("5"), "\"attached\"" } } },
	{ "unknown container", { { DETACH("6"), "\"ok\"" } } },
	{ "peer again",
	  { { PEER(KEY, "192.0.2.2:51820", "10.200.5.0/24, 10.200.6.0/24"), "\"ok\"" },
	    { ALLOWED("add", "10.200.5.0/24"), "\"ok\"" },
	    { ALLOWED("remove", "10.200.9.0/24"), "\"ok\"" } } },
	{ "peer refused",
	  { { PEER("x", "192.0.2.2:51820", ""), "not a key" },
	    { PEER(KEY2, "192.0.2.2", ""), "has no port" },
	    { PEER(KEY2, "192.0.2.2:1", "10.0.0.0/33"), "prefix length" },
	    { PEER(KEY2, "192.0.2.2:1", "0.0.0.0/0"), "all of the host's traffic" } } },
};

static const struct kind by_plan[] = {
	{ "prune",
	  { { "{\"op\":\"prune_orphan_bridges\",\"live_bridge_names\":[]}", "\"pruned" } } },
	{ "tunnel again", { { GLOBAL("0"), "\"bridge_name\"" } } },
	{ "service again", { { SERVICE("web", "auto"), "\"service_overlay\"" } } },
	{ "unknown peer", { { REMOVE(KEY2), "\"ok\"" } } },
	{ "service and back",
	  { { SERVICE("db", "auto"), "\"service_overlay\"" },
	    { "{\"op\":\"teardown_service_overlay\",\"service\":\"db\"}", "\"ok\"" } } },
	{ "shared service and back",
	  { { SERVICE("two", "shared"), "\"service_overlay\"" },
	    { "{\"op\":\"teardown_service_overlay\",\"service\":\"two\"}", "\"ok\"" } } },
	{ "attach and detach", { { ATTACH("7"), "\"attached\"" }, { DETACH("7"), "\"ok\"" } } },
	{ "peer and back",
	  { { PEER(KEY2, "192.0.2.3:1", "10.200.7.0/24"), "\"ok\"" },
	    { REMOVE(KEY2), "\"ok\"" } } },
	{ "prefix and back",
	  { { ALLOWED("add", "10.200.8.0/24"), "\"ok\"" },
	    { ALLOWED("remove", "10.200.8.0/24"), "\"ok\"" } } },
	{ "routed prefix and back",
	  { { ALLOWED("add", "192.168.8.0/24"), "\"ok\"" },
	    { ALLOWED("remove", "192.168.8.0/24"), "\"ok\"" } } },
	{ "routed peer and back",
	  { { PEER(KEY2, "192.0.2.3:1",
		   "172.16.1.0/24,172.16.2.0/24,172.16.3.0/24,172.16.4.0/24,172.16.5.0/24,"
		   "172.16.6.0/24,172.16.7.0/24,172.16.8.0/24,172.16.9.0/24,172.16.10.0/24"),
	      "\"ok\"" },
	    { REMOVE(KEY2), "\"ok\"" } } },
	{ "prefix to another peer and back",
	  { { PEER(KEY2, "192.0.2.3:1", "10.200.6.0/24, 10.200.7.0/24"), "\"ok\"" },
	    { ALLOWED("add", "10.200.6.0/24"), "\"ok\"" },
	    { REMOVE(KEY2), "\"ok\"" } } },
	{ "another port",
	  { { GLOBAL("1"), "\"bridge_name\"" }, { GLOBAL("2"), "\"bridge_name\"" } } },
};

/* The address in an answer, for the next request. */
static void take_address(const char *answer, char ip[64])
{
	const char *at = strstr(answer, "\"ip\":\"");

	if (at)
		snprintf(ip, 64, "%.*s", (int)strcspn(at + 6, "\""), at + 6);
}

static void exchange(struct node *n, const struct line *line, char ip[64])
{
	const char *at = strchr(line->request, '@');
	int before = at ? (int)(at - line->request) : (int)strlen(line->request);
	char request[4096];

	snprintf(request, sizeof(request), "%.*s%s%s", before, line->request, at ? ip : "",
		 at ? at + 1 : "");
	take_address(node_ask(n, request, line->answer), ip);
}

static void play(struct node *n, const struct kind *kind)
{
	char ip[64] = "";

	for (size_t i = 0; i < ARRAY_SIZE(kind->lines) && kind->lines[i].request; i++)
		exchange(n, &kind->lines[i], ip);
}

static void check_kind(struct node *n, const struct kind *kind)
{
	unsigned long before;
	long out;

	CASE("%s", kind->name);
	for (int i = 0; i < 64; i++)
		play(n, kind); /* warm: also each address of a block was out once */
	before = calls;
	out = blocks;
	for (int i = 0; i < ROUNDS; i++)
		play(n, kind);
	CHECK_INT(blocks, out);
	if (calls == before)
		return;
	before = calls - before;
	show_next_caller();
	play(n, kind);
	check_fail(__FILE__, __LINE__, "%lu calls of malloc and its kin in %d rounds", before,
		   ROUNDS);
}

/* The log's lines are written, but not shown. */
static void silence_errors(void)
{
	_cleanup_(fd_closep) int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	CHECK_INT(dup2(fd, STDERR_FILENO), STDERR_FILENO);
}

static void check_kinds(const struct kind *kinds, size_t n_kinds)
{
	struct node n;
	char ip[64];

	if (!COUNTS)
		SKIP("a sanitizer's malloc is not ours to count ");
	silence_errors();
	node_start(&n);
	n.daemon.log = log_new(LOG_WARN, LOG_TEXT);
	for (size_t i = 0; i < ARRAY_SIZE(furniture); i++)
		exchange(&n, &furniture[i], ip);
	for (size_t i = 0; i < n_kinds; i++)
		check_kind(&n, &kinds[i]);
	log_free(n.daemon.log);
	node_stop(&n);
}

TEST(what_is_answered_at_once)
{
	check_kinds(at_once, ARRAY_SIZE(at_once));
}

TEST(what_has_a_plan)
{
	check_kinds(by_plan, ARRAY_SIZE(by_plan));
}
