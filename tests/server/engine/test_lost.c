/* What is known where records are lost. */
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
	engine_lost_address(n.e, &first);
	engine_lost_address(n.e, &first);
	engine_lost_address(n.e, &stranger);
	for (unsigned i = 0; engine_lend(n.e, view("web"), &ip) == 0; i++)
		CHECK(!ip_eq(&ip, &first));
	CHECK_INT(engine_return(n.e, &first), -EBUSY);
	node_done(&n);
}
