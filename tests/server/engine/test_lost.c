/* What is known where records are lost. */
#include <errno.h>

#include "tests/server/engine/node.h"

static const char *service_on(const struct node *n, const char *link, const char *name)
{
	const char *found = engine_lost_service(n->e, view(link), view(name));

	return found ? found : "none";
}

TEST(a_service_by_its_bridge_and_how_its_name_begins)
{
	struct node n;

	node_init(&n);
	node_has_service(&n, "web");
	CHECK_INT(node_service(&n, "one", SERVICE_SHARED), 0);
	node_commit(&n);
	CHECK_STR(service_on(&n, "zl-web-b", "web"), "web");
	CHECK_STR(service_on(&n, "zl-web-b", "we"), "web");
	CHECK_STR(service_on(&n, "zl-web-b", ""), "web");
	CHECK_STR(service_on(&n, "zl-web-b", "webs"), "none");
	CHECK_STR(service_on(&n, "zl-shared-sh", ""), "one");
	CHECK_STR(service_on(&n, "zl-shared-sh", "web"), "none");
	CHECK_STR(service_on(&n, "", ""), "none");
	CHECK_INT(node_service(&n, "onetwo", SERVICE_SHARED), 0);
	node_commit(&n);
	CHECK_STR(service_on(&n, "zl-shared-sh", ""), "none"); /* which of the two? */
	CHECK_STR(service_on(&n, "zl-shared-sh", "one"), "one");
	CHECK_STR(service_on(&n, "zl-shared-sh", "onet"), "onetwo");
	node_done(&n);
}

TEST(an_address_that_somebody_has_is_given_to_nobody)
{
	const struct ovd_ip stranger = ip_of("192.0.2.1");
	struct ovd_ip first, ip;
	struct node n;

	node_init(&n);
	node_has_service(&n, "web");
	CHECK_INT(engine_lend(n.e, view("web"), &first), 0);
	CHECK_INT(engine_return(n.e, &first), 0);
	CHECK(engine_is_our_address(n.e, &first));
	CHECK(engine_lost_address(n.e, &first));
	CHECK(!engine_lost_address(n.e, &first));
	CHECK(!engine_is_our_address(n.e, &stranger));
	CHECK(engine_lost_address(n.e, &stranger)); /* it may be ours some time */
	for (unsigned i = 0; engine_lend(n.e, view("web"), &ip) == 0; i++)
		CHECK(!ip_eq(&ip, &first));
	CHECK_INT(engine_return(n.e, &first), -EBUSY);
	node_done(&n);
}

TEST(nor_is_one_of_a_subnet_that_comes_later)
{
	struct ovd_ip first, ip;
	struct node n;

	node_init(&n);
	node_has_service(&n, "web");
	CHECK_INT(engine_lend(n.e, view("web"), &first), 0);
	CHECK_INT(engine_return(n.e, &first), 0);
	CHECK_INT(node_unservice(&n, "web"), 0);
	node_commit(&n);
	CHECK(engine_lost_address(n.e, &first));
	node_has_service(&n, "web");
	CHECK_INT(engine_return(n.e, &first), -EBUSY);
	while (engine_lend(n.e, view("web"), &ip) == 0)
		CHECK(!ip_eq(&ip, &first));
	node_done(&n);
}

TEST(a_process_of_the_host_keeps_its_address)
{
	const struct ovd_ip ip = ip_of("10.200.4.9"), other = ip_of("192.0.2.1"),
			    own = ip_of("10.200.4.1");
	struct node n;

	node_init(&n);
	CHECK(!engine_lost_alias(n.e, &ip)); /* there is no tunnel */
	node_has_tunnel(&n);
	CHECK(engine_lost_alias(n.e, &ip));
	CHECK(!engine_lost_alias(n.e, &own));
	CHECK(!engine_lost_alias(n.e, &other));
	plan_clear(&n.plan);
	CHECK_INT(engine_global_again(n.e, true, &n.plan, &n.intent), 0);
	CHECK_INT(node_step(&n, 2)->tunnel.n_aliases, 1);
	CHECK(ip_eq(&node_step(&n, 2)->tunnel.aliases[0], &ip));
	node_commit(&n);
	node_done(&n);
}

static struct state_global tunnel_record(const char *link, const char *ip, uint8_t prefix_len)
{
	const struct ovd_cidr address = { .ip = ip_of(ip), .prefix_len = prefix_len };
	const struct lost_mark mark = { .told = false };
	struct state_global record;

	CHECK(engine_lost_tunnel(&mark, view(link), &address, 51820, &record));
	CHECK_INT(record.port, 51820);
	CHECK(record.up);
	CHECK_VIEW(record.link, link);
	return record;
}

TEST(a_tunnel_by_its_name_and_address)
{
	const struct ovd_cidr other = { .ip = ip_of("10.200.4.2"), .prefix_len = 16 };
	const struct ovd_cidr node = { .ip = ip_of("10.200.4.1"), .prefix_len = 16 };
	const struct lost_mark mark = { .told = false };
	struct state_global record = tunnel_record("zl-d-1-g", "10.200.4.65", 16);
	struct ovd_ip ip = ip_of("10.200.0.0");

	CHECK_VIEW(record.deployment, "d");
	CHECK_VIEW(record.instance, "1");
	CHECK(ip_eq(&record.cluster.ip, &ip));
	CHECK_INT(record.cluster.length, 16);
	CHECK(record.has_slice);
	ip = ip_of("10.200.4.64");
	CHECK(ip_eq(&record.slice.ip, &ip));
	CHECK_INT(record.slice.length, 26);
	CHECK(!tunnel_record("zl-d-1-g", "10.200.0.1", 16)
		       .has_slice); /* it is the cluster's first */
	CHECK_INT(tunnel_record("zl-d-1-g", "fd00::101", 64).slice.length, 120);
	CHECK_VIEW(tunnel_record("zl-9eae6e0a9b-g", "10.200.4.1", 16).deployment, "");
	CHECK_VIEW(tunnel_record("zl-a-b-c-g", "10.200.4.1", 16).deployment, ""); /* a-b or a? */
	CHECK(!engine_lost_tunnel(&mark, view("zl-d-1-g"), &other, 51820, &record));
	CHECK(!engine_lost_tunnel(&mark, view("zl-d-1-d"), &node, 51820, &record)); /* a service's own */
}

TEST(subnets_by_their_gateways)
{
	struct ovd_cidr addresses[] = { { ip_of("10.200.4.65"), 26 },
					{ ip_of("10.200.4.2"), 26 },
					{ ip_of("192.0.2.1"), 32 },
					{ ip_of("fd00::1"), 120 } };
	struct state_prefix subnets[4];
	struct ovd_ip ip = ip_of("10.200.4.64");

	CHECK_INT(engine_lost_subnets(addresses, 4, subnets), 2);
	CHECK(ip_eq(&subnets[0].ip, &ip));
	CHECK_INT(subnets[0].length, 26);
	CHECK_INT(subnets[1].length, 120);
}

TEST(a_services_tunnel_has_the_other_half_of_its_block)
{
	const struct ovd_cidr tunnel = cidr_of("10.200.4.128/27");
	static const struct {
		const char *ip;
		uint8_t length;
		bool is;
	} bridges[] = {
		{ "10.200.4.160", 27, true },  { "10.200.4.128", 27, false },
		{ "10.200.4.192", 27, false }, { "10.200.4.192", 26, false },
		{ "10.200.5.160", 27, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bridges); i++) {
		const struct state_prefix bridge = { .ip = ip_of(bridges[i].ip),
						     .length = bridges[i].length };

		CASE("%s/%u", bridges[i].ip, bridges[i].length);
		CHECK_INT(engine_lost_is_beside(&tunnel, &bridge), bridges[i].is);
	}
}
