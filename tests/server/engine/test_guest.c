/* Guests that run WireGuard themselves, and processes that share the host's network. */
#include <errno.h>
#include <string.h>

#include "tests/server/engine/node.h"

static const struct ovd_key private_key = { { 9 } }, public_key = { { 77 } };

static struct attach_spec spec_of(enum handle_kind kind, const char *id)
{
	return (struct attach_spec){ .owner = { .kind = kind, .id = view(id), .netns = -1 },
				     .service = view("web"),
				     .private_key = private_key,
				     .public_key = public_key };
}

static void begin(struct node *n)
{
	node_init(n);
	node_has_tunnel(n);
	node_has_service(n, "web");
}

static int attach(struct node *n, const struct attach_spec *spec, struct ovd_ip *ret)
{
	struct intent *peer;
	int r = node_attach_spec(n, spec, false, ret);

	n->change = (struct tunnel_change){ .n_peers = 0 };
	if (r == 0)
		n->change = engine_attachment_change(n->intent, &peer);
	return r;
}

static int detach(struct node *n, const struct attach_spec *spec)
{
	struct intent *peer;
	int r;

	plan_clear(&n->plan);
	r = engine_detach(n->e, &spec->owner, &n->plan, &n->intent);
	if (r == 0)
		n->change = engine_attachment_change(n->intent, &peer);
	return r;
}

TEST(a_guest)
{
	const struct attach_spec spec = spec_of(HANDLE_GUEST, "vm-7");
	struct attachment_view seen;
	struct attach_spec other = spec;
	struct node n;
	struct ovd_ip ip, again;

	begin(&n);
	CHECK_INT(attach(&n, &spec, &ip), 0);
	CHECK_STR(node_plan(&n), "proxy 10.200.4.130 on zl-8a3d9b380b-b\n"
				 "route 10.200.4.130/32 by zl-9eae6e0a9b-g from 10.200.4.1\n");
	CHECK_STR(node_change(&n), "peer 77 keepalive 0 +10.200.4.130/32\n");
	node_drop(&n);
	CHECK_INT(engine_peer_count(n.e), 0);
	CHECK_INT(engine_attachment_count(n.e), 0);
	CHECK_INT(attach(&n, &spec, &ip), 0);
	node_commit(&n);
	CHECK_INT(engine_peer_count(n.e), 1);
	other.private_key.b[0]++; /* of the second try, and for nothing */
	other.public_key.b[0]++;
	CHECK_INT(attach(&n, &other, &again), -EALREADY);
	CHECK(ip_eq(&ip, &again));
	CHECK(engine_attachment(n.e, &spec.owner, &seen));
	CHECK(view_eq(seen.public_key, view("TQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")));
	CHECK_INT(seen.host.n, 0);
	other.service = view("db");
	CHECK_INT(attach(&n, &other, &again), -EEXIST);
	CHECK_STR(engine_reason(n.e),
		  "guest vm-7 is attached to service web: detach it before it goes to db");
	CHECK_INT(detach(&n, &spec), 0);
	CHECK_STR(node_plan(&n), "no route 10.200.4.131/32 by zl-9eae6e0a9b-g from 10.200.4.1\n"
				 "no proxy 10.200.4.131 on zl-8a3d9b380b-b\n");
	CHECK_STR(node_change(&n), "peer 77 goes\n");
	node_drop(&n);
	CHECK_INT(engine_peer_count(n.e), 1);
	CHECK_INT(detach(&n, &spec), 0);
	node_commit(&n);
	CHECK_INT(engine_peer_count(n.e), 0);
	CHECK_INT(engine_attachment_count(n.e), 0);
	CHECK_INT(detach(&n, &spec), -EALREADY);
	node_done(&n);
}

static void count_record(void *arg, const struct state_record *record _unused_, bool there _unused_)
{
	++*(unsigned *)arg;
}

/* It is the container's, and nobody else's; it is no record of its own. */
TEST(its_peer)
{
	const struct attach_spec spec = spec_of(HANDLE_GUEST, "vm-7");
	const struct ovd_cidr cidr = cidr_of("10.9.0.0/16");
	const struct peer_spec peer = { .key = public_key, .allowed = &cidr, .n_allowed = 1 };
	unsigned told = 0;
	struct node n;
	struct ovd_ip ip;

	begin(&n);
	engine_watch_peers(n.e, count_record, &told);
	CHECK_INT(attach(&n, &spec, &ip), 0);
	node_commit(&n);
	CHECK_INT(told, 0);
	plan_clear(&n.plan);
	CHECK_INT(engine_peer_set(n.e, &peer, &n.plan, &n.change, &n.intent), -EEXIST);
	CHECK_STR(engine_reason(n.e), "the key is a guest's: detach that");
	CHECK_INT(engine_peer_remove(n.e, NODES_TUNNEL, &public_key, &n.plan, &n.change, &n.intent),
		  -EEXIST);
	CHECK_INT(engine_peer_allow(n.e, NODES_TUNNEL, &public_key, &cidr, &n.plan, &n.change,
				    &n.intent),
		  -EEXIST);
	CHECK_INT(engine_peer_disallow(n.e, NODES_TUNNEL, &public_key, &cidr, &n.plan, &n.change,
				       &n.intent),
		  -EEXIST);
	node_service(&n, "web", SERVICE_AUTO); /* a bridge that was taken away answers again */
	CHECK(strstr(node_plan(&n), "proxy 10.200.4.130 on zl-8a3d9b380b-b\n"));
	node_drop(&n);
	CHECK_INT(node_teardown(&n), 0);
	node_commit(&n);
	CHECK_INT(
		attach(&n,
		       &(struct attach_spec){ .owner = { .kind = HANDLE_GUEST, .id = view("vm-8") },
					      .service = view("web"),
					      .public_key = { { 78 } } },
		       &ip),
		-ENOENT);
	CHECK_STR(engine_reason(n.e),
		  "the global overlay is not set up: setup_global_overlay comes first");
	CHECK_INT(node_setup(&n, "10.200.0.0/16", "10.200.4.0/24", 1), 0);
	CHECK(strstr(node_plan(&n), ", 1 peers\n"
				    "route 10.200.4.130/32 by zl-9eae6e0a9b-g from 10.200.4.1 if "
				    "possible\n"));
	node_commit(&n);
	node_done(&n);
}

/* Its address is its own as long as it is there. */
TEST(its_prefix)
{
	const struct attach_spec spec = spec_of(HANDLE_GUEST, "vm-7");
	const struct ovd_cidr taken[] = { cidr_of("10.9.0.0/16"), cidr_of("10.200.4.130/32") };
	struct peer_spec peer = { .key = { { 5 } }, .allowed = taken, .n_allowed = 2 };
	struct node n;
	struct ovd_ip ip;

	begin(&n);
	CHECK_INT(attach(&n, &spec, &ip), 0);
	CHECK_INT(engine_peer_set(n.e, &peer, &n.plan, &n.change, &n.intent), -EINPROGRESS);
	node_commit(&n);
	plan_clear(&n.plan);
	CHECK_INT(engine_peer_set(n.e, &peer, &n.plan, &n.change, &n.intent), -EEXIST);
	CHECK_STR(engine_reason(n.e), "allowed_ips: 10.200.4.130/32 is a guest's: detach that");
	CHECK_INT(engine_peer_count(n.e), 1);
	peer.n_allowed = 1;
	CHECK_INT(engine_peer_set(n.e, &peer, &n.plan, &n.change, &n.intent), 0);
	node_commit(&n);
	plan_clear(&n.plan);
	CHECK_INT(engine_peer_allow(n.e, NODES_TUNNEL, &peer.key, &taken[1], &n.plan, &n.change,
				    &n.intent),
		  -EEXIST);
	CHECK_INT(detach(&n, &spec), 0);
	node_commit(&n);
	plan_clear(&n.plan);
	CHECK_INT(engine_peer_allow(n.e, NODES_TUNNEL, &peer.key, &taken[1], &n.plan, &n.change,
				    &n.intent),
		  0);
	node_commit(&n);
	node_done(&n);
}

/* With two subnets, and more guests than a plan has steps at first. */
TEST(a_bridge_with_guests_has_its_ports)
{
	struct step_bridge *bridge = NULL;
	struct node n;
	struct ovd_ip ip;

	begin(&n);
	node_has_container(&n, 7, 70, "web");
	while (engine_lend(n.e, view("web"), &ip) == 0)
		continue;
	plan_clear(&n.plan);
	CHECK_INT(engine_service_grow(n.e, view("web"), &n.plan, &n.intent), 0);
	node_commit(&n);
	for (unsigned i = 0; i < 30; i++) {
		const char id[] = { 'v', 'm', (char)('A' + i), '\0' };
		struct attach_spec spec = spec_of(HANDLE_GUEST, id);

		spec.public_key = (struct ovd_key){ { 200, (uint8_t)i } };
		CHECK_INT(attach(&n, &spec, &ip), 0);
		node_commit(&n);
	}
	CHECK_INT(node_service(&n, "web", SERVICE_AUTO), 0);
	for (size_t i = 0; i < n.plan.n; i++)
		if (plan_at(&n.plan, i)->kind == STEP_BRIDGE)
			bridge = &plan_at(&n.plan, i)->bridge;
	CHECK(bridge);
	CHECK_INT(bridge->n_ports, 1);
	CHECK_STR(bridge->ports[0], "zl-00000046-0");
	node_commit(&n);
	node_done(&n);
}

TEST(a_stop_takes_its_bridge)
{
	const struct attach_spec spec = spec_of(HANDLE_GUEST, "vm-7");
	struct node n;
	struct ovd_ip ip;

	begin(&n);
	CHECK_INT(attach(&n, &spec, &ip), 0);
	node_commit(&n);
	plan_clear(&n.plan);
	CHECK_INT(engine_stop(n.e, &n.plan, &n.intent), 0);
	CHECK(strstr(node_plan(&n), "no bridge zl-8a3d9b380b-b\n"));
	node_drop(&n);
	node_has_container(&n, 7, 70, "web");
	plan_clear(&n.plan);
	CHECK_INT(engine_stop(n.e, &n.plan, &n.intent), 0);
	CHECK(!strstr(node_plan(&n), "no bridge"));
	node_drop(&n);
	node_done(&n);
}

TEST(a_process_of_the_host)
{
	const struct attach_spec spec = spec_of(HANDLE_HOST, "proc-7");
	struct node n;
	struct intent *first;
	struct plan plan = { .n = 0 };
	struct ovd_ip ip, again;

	begin(&n);
	CHECK_INT(attach(&n, &spec, &ip), 0);
	CHECK_STR(node_plan(&n), "alias 10.200.4.2 on zl-9eae6e0a9b-g\n");
	CHECK_INT(n.change.n_peers, 0);
	first = n.intent;
	n.intent = NULL;
	CHECK_INT(node_setup(&n, "10.200.0.0/16", "10.200.4.0/24", 1), -EINPROGRESS);
	engine_commit(n.e, first);
	CHECK_INT(attach(&n, &spec, &again), -EALREADY);
	CHECK(ip_eq(&ip, &again));
	CHECK_INT(node_setup(&n, "10.200.0.0/16", "10.200.4.0/24", 1), 0);
	CHECK_INT(node_step(&n, 2)->tunnel.n_aliases, 1);
	CHECK(ip_eq(&node_step(&n, 2)->tunnel.aliases[0], &ip));
	CHECK_INT(engine_detach(n.e, &spec.owner, &plan, &first), -EINPROGRESS);
	node_commit(&n);
	CHECK_INT(node_setup(&n, "10.201.0.0/16", NULL, 1), -EBUSY); /* it has an address */
	CHECK_INT(detach(&n, &spec), 0);
	CHECK_STR(node_plan(&n), "no alias 10.200.4.2 on zl-9eae6e0a9b-g\n");
	node_commit(&n);
	CHECK_INT(node_setup(&n, "10.201.0.0/16", NULL, 1), 0);
	node_commit(&n);
	node_done(&n);
}

/* Two kinds of the same id are two. */
TEST(ids)
{
	const struct attach_spec host = spec_of(HANDLE_HOST, "x"),
				 guest = spec_of(HANDLE_GUEST, "x"),
				 longer = spec_of(HANDLE_HOST, "xy");
	struct node n;
	struct ovd_ip ip;

	begin(&n);
	CHECK_INT(attach(&n, &host, &ip), 0);
	node_commit(&n);
	CHECK_INT(attach(&n, &guest, &ip), 0);
	node_commit(&n);
	CHECK_INT(detach(&n, &longer), -EALREADY);
	CHECK_INT(attach(&n, &longer, &ip), 0);
	node_commit(&n);
	CHECK_INT(engine_attachment_count(n.e), 3);
	CHECK_INT(detach(&n, &host), 0);
	node_commit(&n);
	CHECK_INT(attach(&n, &guest, &ip), -EALREADY);
	CHECK_INT(attach(&n, &longer, &ip), -EALREADY);
	node_done(&n);
}

/* ---- an earlier life ---- */

static bool nobody_gone(const void *arg _unused_, const struct owner *owner _unused_)
{
	return false;
}

static bool everybody_gone(const void *arg _unused_, const struct owner *owner _unused_)
{
	return true;
}

static struct state_record record_of(enum state_handle handle, const char *id, const char *ip)
{
	return (struct state_record){
		.kind = STATE_RECORD_ATTACHMENT,
		.attachment = { .id = view(id),
				.service = view("web"),
				.ip = ip_of(ip),
				.has_handle = true,
				.handle = handle,
				.private_key = view("CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
				.public_key =
					view("TQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=") },
	};
}

TEST(restored)
{
	struct state_record guest = record_of(STATE_HANDLE_GUEST, "vm-7", "10.200.4.140"),
			    host = record_of(STATE_HANDLE_HOST, "p", "10.200.4.7"), bad = guest;
	const struct attach_spec spec = spec_of(HANDLE_GUEST, "vm-7"),
				 p = spec_of(HANDLE_HOST, "p");
	struct found_links found = { .n = 0 };
	struct node n;
	struct ovd_ip ip;

	begin(&n);
	CHECK_INT(engine_restore(n.e, &guest), 0);
	CHECK_INT(engine_restore(n.e, &host), 0);
	CHECK_INT(engine_restore(n.e, &guest), -EBADMSG);
	bad.attachment.id = view("vm-8");
	bad.attachment.ip = ip_of("10.200.4.141");
	CHECK_INT(engine_restore(n.e, &bad), -EBADMSG); /* the same key */
	plan_clear(&n.plan);
	CHECK_INT(engine_adopt(n.e, &found, true, nobody_gone, NULL, &n.plan), 0);
	engine_adopted(n.e);
	CHECK_STR(node_plan(&n), "");
	CHECK_INT(attach(&n, &spec, &ip), -EALREADY);
	CHECK(ip_eq(&ip, &guest.attachment.ip));
	CHECK_INT(attach(&n, &p, &ip), -EALREADY);
	CHECK_INT(engine_peer_count(n.e), 1);
	node_done(&n);
}

/* Nobody was told of it. */
TEST(unfinished)
{
	struct state_record guest = record_of(STATE_HANDLE_GUEST, "vm-7", "10.200.4.140"),
			    host = record_of(STATE_HANDLE_HOST, "p", "10.200.4.7");
	struct found_links found = { .n = 0 };
	struct node n;

	begin(&n);
	guest.attachment.unfinished = host.attachment.unfinished = true;
	CHECK_INT(engine_restore(n.e, &guest), 0);
	CHECK_INT(engine_restore(n.e, &host), 0);
	plan_clear(&n.plan);
	CHECK_INT(engine_adopt(n.e, &found, true, nobody_gone, NULL, &n.plan), 0);
	CHECK_STR(node_plan(&n), "no alias 10.200.4.7 on zl-9eae6e0a9b-g\n"
				 "no route 10.200.4.140/32 by zl-9eae6e0a9b-g from 10.200.4.1\n"
				 "no proxy 10.200.4.140 on zl-8a3d9b380b-b\n");
	CHECK_INT(n.plan.n, 5);
	CHECK_INT(plan_at(&n.plan, 1)->kind, STEP_FORGET);
	CHECK(view_eq(plan_at(&n.plan, 1)->forget.record.attachment.id, view("p")));
	engine_adopted(n.e);
	CHECK_INT(engine_attachment_count(n.e), 0);
	CHECK_INT(engine_peer_count(n.e), 0);
	CHECK_INT(engine_peers_doubted(n.e, NODES_TUNNEL, &n.change, &n.intent),
		  0); /* it may be there */
	CHECK_STR(node_change(&n), "peer 77 goes\n");
	node_commit(&n);
	node_done(&n);
}

/* A service that goes with its last container is written down as leaving before that is forgotten.
 */
TEST(ephemeral_and_gone)
{
	struct state_record host = record_of(STATE_HANDLE_HOST, "p", "10.200.4.7");
	struct found_links found = { .n = 0 };
	struct node n;

	begin(&n);
	host.attachment.ephemeral = true;
	CHECK_INT(engine_restore(n.e, &host), 0);
	plan_clear(&n.plan);
	CHECK_INT(engine_adopt(n.e, &found, true, everybody_gone, NULL, &n.plan), 0);
	CHECK_INT(plan_at(&n.plan, 0)->kind, STEP_REMEMBER);
	CHECK(plan_at(&n.plan, 0)->remember.record.service.leaving);
	CHECK(!plan_at(&n.plan, 0)->remember.was.service.leaving);
	CHECK_INT(plan_at(&n.plan, 0)->remember.record.service.blocks.n, 1);
	CHECK_INT(plan_at(&n.plan, n.plan.n - 1)->kind, STEP_FORGET);
	engine_adopted(n.e);
	CHECK_INT(node_reap(&n), 0);
	node_commit(&n);
	CHECK_INT(engine_service_count(n.e), 0);
	node_done(&n);
}

TEST(ephemeral_and_unfinished)
{
	struct state_record host = record_of(STATE_HANDLE_HOST, "p", "10.200.4.7");
	struct found_links found = { .n = 0 };
	struct node n;

	begin(&n);
	host.attachment.unfinished = host.attachment.ephemeral = true;
	CHECK_INT(engine_restore(n.e, &host), 0);
	plan_clear(&n.plan);
	CHECK_INT(engine_adopt(n.e, &found, true, nobody_gone, NULL, &n.plan), 0);
	engine_adopted(n.e);
	CHECK_INT(engine_attachment_count(n.e), 0);
	CHECK_INT(node_reap(&n), -EALREADY);
	CHECK_INT(engine_service_count(n.e), 1);
	node_done(&n);
}
