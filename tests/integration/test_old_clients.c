/* A real daemon and clients of the contract's older lines: each request gets one answer that such a
 * client can read. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/buf.h"
#include "runtime/json.h"
#include "schema/overlayd.h"
#include "tests/integration/daemon.h"

/* Its children, to begin with the one that runs the test, see only each other. */
static _Noreturn void be_the_parent(void (*run)(void))
{
	int status;
	pid_t pid;

	if (unshare(CLONE_NEWPID) < 0)
		SKIP("no private processes here: %s", strerror(errno));
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		if (unshare(CLONE_NEWNS) < 0 || mount("proc", "/proc", "proc", 0, NULL) < 0)
			SKIP("no private /proc here: %s", strerror(errno));
		run();
		exit(0);
	}
	CHECK_INT(waitpid(pid, &status, 0), pid);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

/* Runs the test where no pid is another process's: requests name pids that nobody chose. */
static void run_alone(void (*run)(void))
{
	int status;
	pid_t pid;

	sandbox_enter();
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0)
		be_the_parent(run);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
		_exit(WEXITSTATUS(status)); /* it has told why */
	CHECK_INT(status, 0);
}

/* ---- every request of a line's vectors ---- */

/* A record of tests/data/vectors. */
struct vector {
	struct ovd_view type, name, body;
};

#define ROW(key)                                                                                   \
	{                                                                                          \
		.literal = "\"" #key "\":", .literal_len = sizeof("\"" #key "\":") - 1,            \
		.kind = OVD_KIND_TEXT, .flags = OVD_REQUIRED,                                      \
		.offset = offsetof(struct vector, key), .max_bytes = 1 << 20                       \
	}

static const struct ovd_row vector_rows[] = { ROW(type), ROW(name), ROW(body) };
static const struct ovd_object vector_object = { .name = "vector",
						 .rows = vector_rows,
						 .required = 7,
						 .size = sizeof(struct vector),
						 .n_rows = 3 };
static const struct ovd_table vector_table = { .object = &vector_object };

static void decode(const struct ovd_table *table, struct buf *readable, struct ovd_view body,
		   struct arena *arena, void *out)
{
	struct ovd_fault fault;

	readable->n = 0;
	CHECK_INT(buf_append(readable, body.p, body.n), 0);
	CHECK_INT(buf_append(readable, "", 1), 0);
	readable->n--;
	if (json_decode(table, buf_view(readable), arena, out, &fault) < 0)
		check_fail(__FILE__, __LINE__, "%.*s: %s: %s", VIEW(body), fault.path, fault.text);
}

/* Sends a file's requests, one behind the other, but for shutdown; their ops, from id 1 on. */
static unsigned send_requests(int fd, const char *path, char ops[][32], unsigned most)
{
	struct ovd_view file = check_file(path);
	unsigned n = 0;

	while (file.n > 0) {
		_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
		_cleanup_(buf_done) struct buf line = { .p = NULL }, frame = { .p = NULL };
		const char *end = memchr(file.p, '\n', file.n);
		size_t length = end ? (size_t)(end - file.p) : file.n;
		struct vector vector;

		decode(&vector_table, &line, (struct ovd_view){ file.p, length }, &arena, &vector);
		file.p += length + (end != NULL);
		file.n -= length + (end != NULL);
		if (!view_eq(vector.type, VIEW_LITERAL("request")) ||
		    view_eq(vector.name, VIEW_LITERAL("shutdown")))
			continue;
		CHECK(n < most);
		CHECK_INT(sscanf(vector.body.p, "{\"op\":\"%31[a-z_]\"", ops[n]), 1);
		buf_printf(&frame, "{\"frame\":\"request\",\"id\":%u,\"request\":", ++n);
		buf_append(&frame, vector.body.p, vector.body.n);
		buf_append(&frame, "}", 2);
		send_body(fd, frame.p);
	}
	return n;
}

/* What a line's client expects as the answer to each; all else is ok. */
static const struct {
	const char *op;
	enum ovd_response_kind kind;
} answers[] = {
	{ "setup_global_overlay", OVD_RESPONSE_BRIDGE_NAME },
	{ "setup_service_overlay", OVD_RESPONSE_SERVICE_OVERLAY },
	{ "allocate_ip", OVD_RESPONSE_IP },
	{ "attach_container", OVD_RESPONSE_ATTACHED },
	{ "prune_orphan_bridges", OVD_RESPONSE_PRUNED_BRIDGES },
	{ "status", OVD_RESPONSE_STATUS },
	{ "nat_status", OVD_RESPONSE_NAT_STATUS },
};

static enum ovd_response_kind answer_to(const char *op)
{
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
		if (strcmp(answers[i].op, op) == 0)
			return answers[i].kind;
	return OVD_RESPONSE_OK;
}

static void check_answer(const struct ovd_response *response, const char *op)
{
	if (response->kind == OVD_RESPONSE_ERR) {
		CHECK(response->err.message.n > 0);
		return;
	}
	if (response->kind == OVD_RESPONSE_GUEST_CONFIG && strcmp(op, "attach_container") == 0)
		return;
	CHECK_INT(response->kind, answer_to(op));
	if (response->kind == OVD_RESPONSE_SERVICE_OVERLAY) /* 0.12 doesn't know it */
		CHECK(response->service_overlay.mode != OVD_OVERLAY_MODE_ISOLATED);
}

/* Each request has its answer, in order, and nothing else comes. */
static void check_line(const char *path, unsigned count)
{
	static char ops[512][32];
	struct test_daemon d;
	char *bye;
	unsigned n;
	int fd;

	daemon_start(&d, NULL);
	fd = daemon_connect(&d);
	n = send_requests(fd, path, ops, ARRAY_SIZE(ops));
	CHECK_INT(n, count);
	for (unsigned i = 1; i <= n; i++) {
		_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
		_cleanup_(buf_done) struct buf readable = { .p = NULL };
		_cleanup_(freep) char *body = read_body(fd);
		struct ovd_frame frame;

		CASE("request %u, %s", i, ops[i - 1]);
		CHECK(body);
		decode(&ovd_frame_table, &readable, view(body), &arena, &frame);
		CHECK_INT(frame.kind, OVD_FRAME_RESPONSE);
		CHECK_U64(frame.response.id, i);
		check_answer(&frame.response.response, ops[i - 1]);
	}
	bye = ask(fd, n + 1, "{\"op\":\"shutdown\"}");
	CHECK(bye && strstr(bye, "\"result\":\"ok\""));
	free(bye);
	CHECK(!read_body(fd));
	close(fd);
	CHECK_INT(daemon_wait(d.pid), 0);
}

static void line_0_12(void)
{
	check_line("tests/data/vectors/contract-0.12.jsonl", 263);
}

static void line_0_13(void)
{
	check_line("tests/data/vectors/contract-0.13.jsonl", 328);
}

TEST(every_request_of_0_12)
{
	run_alone(line_0_12);
}

TEST(every_request_of_0_13)
{
	run_alone(line_0_13);
}

/* ---- a node's life, as each line's client writes it ---- */

struct node {
	struct test_daemon daemon;
	int fd;
	unsigned id;
	pid_t container;
};

/* A process in a network of its own. */
static pid_t container_start(void)
{
	int ready[2];
	char byte;
	pid_t pid;

	CHECK_INT(pipe(ready), 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		if (unshare(CLONE_NEWNET) == 0)
			(void)!write(ready[1], "x", 1);
		for (;;)
			pause();
	}
	CHECK_INT(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static struct node node_start(void)
{
	struct node node = { .id = 0 };

	sandbox_needs_tun();
	daemon_start(&node.daemon, NULL);
	node.fd = daemon_connect(&node.daemon);
	node.container = container_start();
	return node;
}

/* Asks; the answer must begin with this, behind its frame. What follows is the caller's to free. */
static char *told(struct node *node, const char *request, const char *want)
{
	_cleanup_(freep) char *body = ask(node->fd, ++node->id, request);
	char head[256];
	size_t n;

	CASE("%s", request);
	CHECK(body);
	n = (size_t)snprintf(head, sizeof(head),
			     "{\"frame\":\"response\",\"id\":%u,\"response\":{\"result\":%s",
			     node->id, want);
	if (strncmp(body, head, n) != 0)
		check_fail(__FILE__, __LINE__, "answered %s", body);
	return strdup(body + n);
}

static void tell(struct node *node, const char *request, const char *want)
{
	free(told(node, request, want));
}

/* The container on this service, as attach and its rest say; it has an address then. */
static void attach(struct node *node, const char *service, const char *rest)
{
	_cleanup_(freep) char *first = NULL, *again = NULL;
	char request[512];

	snprintf(request, sizeof(request),
		 "{\"op\":\"attach_container\",\"handle\":{\"platform\":\"linux_pid\",\"pid\":%d},"
		 "\"service\":\"%s\",\"join_global\":false%s}",
		 (int)node->container, service, rest);
	first = told(node, request, "\"attached\",\"ip\":\"10.200.4.");
	again = told(node, request, "\"attached\",\"ip\":\"10.200.4.");
	CHECK_STR(again, first);
}

static void detach(struct node *node)
{
	char request[128];

	snprintf(request, sizeof(request),
		 "{\"op\":\"detach_container\",\"handle\":{\"platform\":\"linux_pid\",\"pid\":%d}}",
		 (int)node->container);
	tell(node, request, "\"ok\"}}");
}

#define KEY   "2hV9fOBkc3Dd8dNn5JxkYz0mQm1f0cXq7pZ9r3tUvWY="
#define SCOPE ",\"scope\":{\"scope\":\"global\"}"
#define PEER                                                                                       \
	"{\"op\":\"add_peer\",\"public_key\":\"" KEY "\",\"endpoint\":\"203.0.113.7:51820\","      \
	"\"allowed_ips\":\"10.200.9.0/24\",\"persistent_keepalive_secs\":25"

/* What all lines write alike. */
static void peers_and_addresses(struct node *node)
{
	_cleanup_(freep) char *ip = NULL;
	char request[128];

	ip = told(node, "{\"op\":\"allocate_ip\",\"service\":\"web\",\"join_global\":false}",
		  "\"ip\",\"ip\":\"");
	snprintf(request, sizeof(request), "{\"op\":\"release_ip\",\"ip\":\"%.*s\"}",
		 (int)strcspn(ip, "\""), ip);
	tell(node, request, "\"ok\"}}");
	tell(node,
	     "{\"op\":\"add_allowed_ip\",\"pubkey\":\"" KEY "\",\"cidr\":\"10.200.10.0/24\"" SCOPE
	     "}",
	     "\"ok\"}}");
	tell(node,
	     "{\"op\":\"remove_allowed_ip\",\"pubkey\":\"" KEY
	     "\",\"cidr\":\"10.200.10.0/24\"" SCOPE "}",
	     "\"ok\"}}");
	tell(node, "{\"op\":\"status\"}",
	     "\"status\",\"interface\":\"zl-d-1-g\",\"node_ip\":\"10.200.4.1\",\"public_key\":\"");
	tell(node, "{\"op\":\"remove_peer\",\"pubkey\":\"" KEY "\"" SCOPE "}", "\"ok\"}}");
}

static void node_stop(struct node *node)
{
	detach(node);
	tell(node, "{\"op\":\"teardown_service_overlay\",\"service\":\"web\"}", "\"ok\"}}");
	tell(node, "{\"op\":\"teardown_global_overlay\"}", "\"ok\"}}");
	tell(node, "{\"op\":\"shutdown\"}", "\"ok\"}}");
	CHECK(!read_body(node->fd));
	close(node->fd);
	CHECK_INT(daemon_wait(node->daemon.pid), 0);
	kill(node->container, SIGKILL);
	CHECK_INT(waitpid(node->container, NULL, 0), node->container);
}

#define SETUP                                                                                      \
	"{\"op\":\"setup_global_overlay\",\"deployment\":\"d\",\"instance_id\":\"1\","             \
	"\"cluster_cidr\":\"10.200.0.0/16\",\"slice_cidr\":\"10.200.4.0/24\",\"wg_port\":0"

static void life_0_12(void)
{
	struct node node = node_start();

	tell(&node, "{\"op\":\"set_local_node_id\",\"node_id\":7}", "\"ok\"}}");
	tell(&node, SETUP ",\"nat_enabled\":false}", "\"bridge_name\",\"name\":\"zl-d-1-g\"");
	tell(&node, SETUP ",\"nat_enabled\":true}", "\"bridge_name\",\"name\":\"zl-d-1-g\"");
	tell(&node, "{\"op\":\"setup_service_overlay\",\"service\":\"web\",\"mode\":\"shared\"}",
	     "\"service_overlay\",\"name\":\"zl-");
	attach(&node, "web", "");
	tell(&node, PEER SCOPE "}", "\"ok\"}}");
	tell(&node, PEER "}", "\"ok\"}}"); /* the scope has a default */
	peers_and_addresses(&node);
	node_stop(&node);
}

static void life_0_13(void)
{
	_cleanup_(freep) char *service = NULL;
	struct node node = node_start();

	tell(&node, "{\"op\":\"set_local_node_id\",\"node_id\":7}", "\"ok\"}}");
	tell(&node,
	     SETUP ",\"host_adapter_mandatory\":false,\"nat\":{\"enabled\":false,"
		   "\"stun_servers\":[],\"turn_servers\":[],\"hole_punch_timeout_secs\":15,"
		   "\"stun_refresh_interval_secs\":60,\"max_candidate_pairs\":10}}",
	     "\"bridge_name\",\"name\":\"zl-d-1-g\"");
	service =
		told(&node,
		     "{\"op\":\"setup_service_overlay\",\"service\":\"web\",\"mode\":\"isolated\"}",
		     "\"service_overlay\",\"name\":\"zl-");
	CHECK(strstr(service, "\",\"mode\":\"auto\"")); /* as that line's daemon says */
	attach(&node, "web", ",\"ephemeral\":false,\"isolation_network\":\"web\"");
	tell(&node,
	     PEER ",\"candidates\":[{\"candidate_type\":\"host\","
		  "\"address\":\"192.168.1.5:51820\",\"priority\":100}]" SCOPE "}",
	     "\"ok\"}}");
	peers_and_addresses(&node);
	tell(&node, "{\"op\":\"prune_orphan_bridges\",\"live_bridge_names\":[]}",
	     "\"pruned_bridges\",\"reclaimed\":[]}}");
	node_stop(&node);
}

TEST(a_life_with_0_12)
{
	run_alone(life_0_12);
}

TEST(a_life_with_0_13)
{
	run_alone(life_0_13);
}
