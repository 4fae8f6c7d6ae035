/* Whichever request for memory fails: the change is refused, nothing is left of it, and asked for
 * again it goes well. */
#include <errno.h>
#include <stdio.h>

#include "tests/server/engine/node.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

static long until_failure = -1; /* requests that go well before one fails; -1: none fails */
static long blocks;             /* that are out */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

#define FAILS false /* a sanitizer has a malloc of its own */

#else

#define FAILS true

/* glibc's own, behind the names that we take. */
extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void __libc_free(void *p);

static bool goes_well(void)
{
	return until_failure < 0 || until_failure-- != 0;
}

void *malloc(size_t n)
{
	void *p = goes_well() ? __libc_malloc(n) : NULL;

	blocks += p != NULL;
	return p;
}

void *calloc(size_t n, size_t size)
{
	void *p = goes_well() ? __libc_calloc(n, size) : NULL;

	blocks += p != NULL;
	return p;
}

void free(void *p)
{
	blocks -= p != NULL;
	__libc_free(p);
}

#endif

static int set_peer_of(struct node *n, const char *service, uint8_t number, const char *host,
		       const char *first, const char *second)
{
	const struct ovd_cidr allowed[] = { cidr_of(first), cidr_of(second) };
	struct peer_spec spec = { .service = view(service),
				  .key = { { number } },
				  .host = view(host),
				  .allowed = allowed,
				  .n_allowed = 2 };

	plan_done(&n->plan);
	return engine_peer_set(n->e, &spec, &n->plan, &n->change, &n->intent);
}

static int set_peer(struct node *n, uint8_t number, const char *host, const char *first,
		    const char *second)
{
	return set_peer_of(n, NULL, number, host, first, second);
}

static int dedicate(struct node *n)
{
	const struct ovd_key private_key = { { 7 } }, public_key = { { 8 } };

	plan_done(&n->plan);
	return engine_service_setup_dedicated(n->e, view("alone"), &private_key, &public_key,
					      &n->plan, &n->intent);
}

static int allow(struct node *n, uint8_t number, const char *cidr)
{
	const struct ovd_key key = { { number } };
	const struct ovd_cidr value = cidr_of(cidr);

	plan_done(&n->plan);
	return engine_peer_allow(n->e, NODES_TUNNEL, &key, &value, &n->plan, &n->change,
				 &n->intent);
}

static int unset(struct node *n, uint8_t number)
{
	const struct ovd_key key = { { number } };

	plan_done(&n->plan);
	return engine_peer_remove(n->e, NODES_TUNNEL, &key, &n->plan, &n->change, &n->intent);
}

/* Of peer 3 alone, that takes a prefix from another; the rest goes. */
static int sync_one(struct node *n)
{
	const struct ovd_cidr allowed[] = { cidr_of("172.16.4.0/24"), cidr_of("172.16.9.0/24") };
	const struct peer_spec spec = {
		.key = { { 3 } }, .host = view("c.example:1"), .allowed = allowed, .n_allowed = 2
	};
	int r;

	plan_done(&n->plan);
	r = engine_sync_begin(n->e, NODES_TUNNEL, &n->intent);
	if (r < 0)
		return r;
	r = engine_sync_want(n->e, n->intent, &spec);
	if (r == 0)
		r = engine_sync_plan(n->e, n->intent, SIZE_MAX, &n->plan);
	if (r == 0)
		r = engine_sync_tell(n->e, n->intent, SIZE_MAX, &n->change);
	if (r < 0)
		engine_drop(n->e, n->intent);
	return r;
}

static int by_id(struct node *n, enum handle_kind kind, bool attach)
{
	const struct attach_spec spec = { .owner = { .kind = kind, .id = view("a"), .netns = -1 },
					  .service = view("web"),
					  .public_key = { { 77 } } };
	struct ovd_ip ip;

	if (attach)
		return node_attach_spec(n, &spec, false, &ip);
	plan_done(&n->plan);
	return engine_detach(n->e, &spec.owner, &n->plan, &n->intent);
}

static int ask(struct node *n, unsigned step)
{
	struct ovd_ip ip;

	switch (step) {
	case 0:
		return node_service(n, "web", SERVICE_AUTO);
	case 1:
		return node_service(n, "one", SERVICE_SHARED);
	case 2:
		return node_service(n, "two", SERVICE_SHARED);
	case 3:
		return set_peer(n, 1, NULL, "172.16.1.0/24", "172.16.2.0/24");
	case 4:
		return set_peer(n, 2, "a.example:1", "10.200.5.0/24", "172.16.2.0/24");
	case 5: /* more steps than lie in the plan */
		return node_setup(n, "10.200.0.0/16", "10.200.4.0/24", 1);
	case 6:
		return node_attach(n, 7, 70, "web", &ip);
	case 7:
		return node_service(n, "web", SERVICE_AUTO); /* with a port */
	case 8:
		return allow(n, 1, "172.16.3.0/24");
	case 9:
		return allow(n, 2, "172.16.3.0/24");
	case 10:
		return set_peer(n, 1, "b.example:1", "172.16.4.0/24", "172.16.5.0/24");
	case 11:
		return unset(n, 2);
	case 12:
		return node_detach(n, 7);
	case 13:
		return by_id(n, HANDLE_GUEST, true);
	case 14:
		return by_id(n, HANDLE_HOST, true);
	case 15: /* with what both want of it */
		return node_setup(n, "10.200.0.0/16", "10.200.4.0/24", 2);
	case 16:
		return node_service(n, "web", SERVICE_AUTO);
	case 17:
		return by_id(n, HANDLE_GUEST, false);
	case 18:
		return by_id(n, HANDLE_HOST, false);
	case 19:
		return node_unservice(n, "web");
	case 20:
		return unset(n, 9); /* a stranger */
	case 21:
		return sync_one(n);
	case 22:
		return node_teardown(n);
	case 23:
		return dedicate(n);
	case 24:
		return set_peer_of(n, "alone", 4, NULL, "172.16.1.0/24", "172.16.2.0/24");
	case 25: /* with its peer */
		return dedicate(n);
	case 26:
		return node_unservice(n, "alone");
	}
	return 1;
}

/* Returns whether one failed. */
static bool play(long until)
{
	bool failed = false;
	struct node n;

	node_init(&n);
	until_failure = until;
	for (unsigned step = 0;; step++) {
		size_t n_peers = engine_peer_count(n.e), n_services = engine_service_count(n.e);
		int r = ask(&n, step);

		if (r == 1)
			break;
		CASE("request for memory %ld, step %u", until, step);
		if (r == -ENOMEM) {
			CHECK(!failed);
			failed = true;
			CHECK_INT(engine_peer_count(n.e), n_peers);
			CHECK_INT(engine_service_count(n.e), n_services);
			r = ask(&n, step);
		}
		CHECK_INT(r, 0);
		node_commit(&n);
	}
	until_failure = -1;
	CHECK_INT(engine_peer_count(n.e), 1);
	CHECK_INT(engine_service_count(n.e), 2);
	CHECK_INT(engine_attachment_count(n.e), 0);
	node_done(&n);
	return failed;
}

TEST(any_request_may_fail)
{
	long out, i = 0;

	if (!FAILS)
		SKIP("a sanitizer's malloc is not ours to fail ");
	CHECK(!play(-1));
	out = blocks;
	while (play(i++))
		CHECK_INT(blocks, out);
	CHECK(i > 20);
}
