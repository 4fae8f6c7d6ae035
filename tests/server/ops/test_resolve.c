#include "server/ops/resolve.h"

#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/check.h"
#include "tests/server/ipc/clock.h"
#include "tests/server/ops/node.h"

/* ---- a resolver: libuv's threads ask here, not libc ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* around all below */
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static const char *address;  /* of every name; NULL: it has none */
static bool slow;            /* no answer yet */
static unsigned asked, told; /* questions and answers */
static char name[64];        /* the last that was asked for */

static void resolver_set(const char *text, bool is_slow)
{
	pthread_mutex_lock(&lock);
	address = text;
	slow = is_slow;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static struct addrinfo *info_new(const char *text)
{
	struct {
		struct addrinfo info;
		union {
			struct sockaddr any;
			struct sockaddr_in in;
			struct sockaddr_in6 in6;
		} at;
	} *made = calloc(1, sizeof(*made));
	struct ovd_ip ip;

	CHECK(made);
	CHECK_INT(ip_parse(view(text), &ip), 0);
	made->info.ai_family = ip.len == 4 ? AF_INET : AF_INET6;
	made->info.ai_addr = &made->at.any;
	made->at.any.sa_family = (sa_family_t)made->info.ai_family;
	memcpy(ip.len == 4 ? (void *)&made->at.in.sin_addr : &made->at.in6.sin6_addr, ip.b, ip.len);
	return &made->info;
}

int getaddrinfo(const char *node, const char *service _unused_,
		const struct addrinfo *hints _unused_, struct addrinfo **ret)
{
	pthread_mutex_lock(&lock);
	asked++;
	snprintf(name, sizeof(name), "%s", node);
	while (slow)
		pthread_cond_wait(&changed, &lock);
	told++;
	if (address)
		*ret = info_new(address);
	pthread_mutex_unlock(&lock);
	return address ? 0 : EAI_AGAIN;
}

void freeaddrinfo(struct addrinfo *info)
{
	free(info);
}

static unsigned count(const unsigned *what)
{
	unsigned n;

	pthread_mutex_lock(&lock);
	n = *what;
	pthread_mutex_unlock(&lock);
	return n;
}

/* ---- the node ---- */

#define KEY      "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define REMOVE   "{\"op\":\"remove_peer\",\"pubkey\":\"" KEY "\",\"scope\":{\"scope\":\"global\"}}"
#define STATUS   "{\"op\":\"status\"}"
#define RETRY_MS (RESOLVE_RETRY_SECONDS * 1000u)

static void set_up(struct node *n)
{
	node_ask(n,
		 "{\"op\":\"setup_global_overlay\",\"deployment\":\"d\",\"instance_id\":\"1\","
		 "\"cluster_cidr\":\"10.200.0.0/16\",\"wg_port\":0}",
		 "\"bridge_name\"");
}

static void add(struct node *n, const char *endpoint, const char *allowed)
{
	char request[512];

	snprintf(request, sizeof(request),
		 "{\"op\":\"add_peer\",\"public_key\":\"" KEY "\",\"endpoint\":\"%s\","
		 "\"allowed_ips\":\"%s\",\"persistent_keepalive_secs\":0,"
		 "\"scope\":{\"scope\":\"global\"}}",
		 endpoint, allowed);
	node_ask(n, request, "\"ok\"");
}

static void start(struct node *n)
{
	node_start(n);
	set_up(n);
}

/* Until so many questions were answered, and the loop has seen it. */
static void wait_told(struct node *n, unsigned times)
{
	for (int still = 0; still < 20; still += count(&told) >= times) {
		node_turn(n);
		usleep(500);
	}
	CHECK_INT(count(&told), times);
}

static void check_endpoint(const struct node *n, const char *want)
{
	char text[ENDPOINT_TEXT_MAX] = "";

	if (n->tunnel.told.has_endpoint)
		endpoint_format(&n->tunnel.told.endpoint, text);
	CHECK_STR(text, want);
}

/* ---- */

TEST(the_answer_does_not_wait)
{
	struct node n;

	start(&n);
	resolver_set("192.0.2.7", true);
	add(&n, "peer.example:51820", "10.200.5.0/24");
	node_ask(&n, STATUS, "\"status\"");
	check_endpoint(&n, "");
	resolver_set("192.0.2.7", false);
	wait_told(&n, 1);
	CHECK_STR(name, "peer.example");
	check_endpoint(&n, "192.0.2.7:51820");
	CHECK_INT(n.tunnel.n_set, 2);
	CHECK(!n.daemon.lookups);
	clock_advance(10 * RETRY_MS);
	wait_told(&n, 1); /* once is enough */
	resolver_set("2001:db8::7", false);
	add(&n, "six.example:1", "10.200.5.0/24");
	wait_told(&n, 2);
	check_endpoint(&n, "[2001:db8::7]:1");
	node_stop(&n);
}

TEST(the_same_peer_again_is_looked_up_again)
{
	struct node n;

	start(&n);
	resolver_set("192.0.2.7", false);
	add(&n, "peer.example:51820", "10.200.5.0/24");
	wait_told(&n, 1);
	CHECK_INT(n.tunnel.n_set, 2);
	add(&n, "peer.example:51820", "10.200.5.0/24");
	wait_told(&n, 2);
	CHECK_INT(n.tunnel.n_set, 2); /* it is where it was */
	resolver_set("192.0.2.8", true);
	for (int i = 0; i < 3; i++) { /* one question at a time is enough */
		add(&n, "peer.example:51820", "10.200.5.0/24");
		while (count(&asked) < 3)
			usleep(1000);
	}
	resolver_set("192.0.2.8", false);
	wait_told(&n, 3);
	CHECK_INT(n.tunnel.n_set, 3);
	check_endpoint(&n, "192.0.2.8:51820");
	CHECK(!n.daemon.lookups);
	node_stop(&n);
}

TEST(an_address_needs_no_resolver)
{
	struct node n;

	start(&n);
	add(&n, "192.0.2.9:51820", "10.200.5.0/24");
	check_endpoint(&n, "192.0.2.9:51820");
	CHECK_INT(count(&asked), 0);
	node_stop(&n);
}

TEST(a_name_without_an_address_is_tried_again)
{
	struct node n;

	start(&n);
	add(&n, "peer.example:51820", "10.200.5.0/24");
	wait_told(&n, 1);
	clock_advance(RETRY_MS - 2000);
	wait_told(&n, 1);
	clock_advance(2000);
	wait_told(&n, 2);
	check_endpoint(&n, "");
	resolver_set("192.0.2.7", false);
	clock_advance(RETRY_MS);
	wait_told(&n, 3);
	check_endpoint(&n, "192.0.2.7:51820");
	CHECK(!n.daemon.lookups);
	node_stop(&n);
}

TEST(a_tunnel_that_refuses_is_told_again)
{
	struct node n;

	start(&n);
	resolver_set("192.0.2.7", true);
	add(&n, "peer.example:51820", "10.200.5.0/24");
	n.tunnel.result = -EIO;
	resolver_set("192.0.2.7", false);
	wait_told(&n, 1);
	CHECK_INT(n.tunnel.n_set, 2);
	n.tunnel.result = 0;
	clock_advance(RETRY_MS);
	wait_told(&n, 2);
	CHECK_INT(n.tunnel.n_set, 3);
	check_endpoint(&n, "192.0.2.7:51820");
	CHECK(!n.daemon.lookups);
	node_stop(&n);
}

TEST(nobody_asks_for_a_peer_that_has_gone)
{
	struct node n;

	start(&n);
	add(&n, "peer.example:51820", "10.200.5.0/24");
	wait_told(&n, 1);
	node_ask(&n, REMOVE, "\"ok\"");
	for (int i = 0; i < 5; i++) {
		clock_advance(RETRY_MS);
		wait_told(&n, 1);
	}
	CHECK(!n.daemon.lookups);
	node_stop(&n);
}

TEST(a_peer_that_goes_while_its_name_is_looked_up)
{
	struct node n;

	start(&n);
	resolver_set("192.0.2.7", true);
	add(&n, "peer.example:51820", "10.200.5.0/24");
	node_ask(&n, REMOVE, "\"ok\"");
	CHECK_INT(n.tunnel.n_set, 2);
	resolver_set("192.0.2.7", false);
	wait_told(&n, 1);
	CHECK_INT(n.tunnel.n_set, 2);
	CHECK(!n.daemon.lookups);
	node_stop(&n);
}

TEST(the_last_name_counts)
{
	struct node n;

	start(&n);
	for (int i = 0; i < 3; i++) {
		add(&n, "old.example:1", i % 2 ? "10.200.5.0/24" : "10.200.6.0/24");
		wait_told(&n, (unsigned)i + 1);
	}
	add(&n, "new.example:2", "10.200.5.0/24");
	wait_told(&n, 4);
	resolver_set("192.0.2.7", false);
	clock_advance(RETRY_MS);
	wait_told(&n, 5); /* one question, not four */
	CHECK_STR(name, "new.example");
	check_endpoint(&n, "192.0.2.7:2");
	CHECK(!n.daemon.lookups);
	node_stop(&n);
}

TEST(without_a_tunnel_the_address_is_kept)
{
	struct node n;

	node_start(&n);
	resolver_set("192.0.2.7", false);
	add(&n, "peer.example:51820", "10.200.5.0/24");
	wait_told(&n, 1);
	CHECK(!n.daemon.lookups);
	node_ask(&n, STATUS, "\"endpoint\":\"peer.example:51820\"");
	set_up(&n);
	CHECK_INT(n.tunnel.n_set, 0); /* the tunnel was made with it */
	node_stop(&n);
}

TEST(stopping_ends_all_of_it)
{
	struct node n;

	start(&n);
	resolver_set("192.0.2.7", true);
	add(&n, "peer.example:51820", "10.200.5.0/24");
	while (count(&asked) < 1)
		usleep(1000);
	resolve_stop(&n.daemon);
	CHECK(!n.daemon.lookups);
	resolver_set("192.0.2.7", false);
	wait_told(&n, 1);
	CHECK_INT(n.tunnel.n_set, 1);
	resolver_set(NULL, false);
	add(&n, "other.example:1", "10.200.5.0/24");
	wait_told(&n, 2);
	resolve_stop(&n.daemon); /* while it waits for the next try */
	CHECK(!n.daemon.lookups);
	node_stop(&n);
}

/* The same key and the same name: each is told to its own tunnel. */
TEST(a_peer_of_a_services_own_tunnel)
{
	struct node n;

	start(&n);
	node_ask(&n,
		 "{\"op\":\"setup_service_overlay\",\"service\":\"web\",\"mode\":\"dedicated\"}",
		 "\"service_overlay\"");
	resolver_set("192.0.2.7", false);
	add(&n, "peer.example:51820", "10.200.5.0/24");
	node_ask(&n,
		 "{\"op\":\"add_peer\",\"public_key\":\"" KEY "\",\"endpoint\":"
		 "\"peer.example:51821\",\"allowed_ips\":\"10.200.5.64/26\","
		 "\"persistent_keepalive_secs\":0,\"scope\":{\"scope\":\"service\","
		 "\"service\":\"web\"}}",
		 "\"ok\"");
	wait_told(&n, 2);
	CHECK_INT(n.tunnel.n_set, 4);
	CHECK(engine_peer_wants(n.daemon.engine, view("web"), &n.tunnel.told.key,
				view("peer.example:51821")));
	CHECK(!n.daemon.lookups);
	node_stop(&n);
}
