/* What an attach may ask for, and by which handle. */
#include <errno.h>
#include <string.h>

#include "tests/server/engine/node.h"

static const uint8_t mac[MAC_BYTES] = { 2, 0, 0x5e, 0x10, 0, 7 };

static struct attach_spec spec_of_path(const char *path, uint64_t ns)
{
	struct attach_spec spec = attach_spec_of(0, ns, "web");

	spec.owner.start_time = 0;
	spec.owner.kind = HANDLE_NETNS;
	spec.owner.id = view(path);
	return spec;
}

static void begin(struct node *n)
{
	node_init(n);
	node_has_tunnel(n);
	node_has_service(n, "web");
}

static void other_service(struct attach_spec *spec)
{
	spec->service = view("db");
}

static void other_join(struct attach_spec *spec)
{
	spec->join_global = true;
}

static void other_ephemeral(struct attach_spec *spec)
{
	spec->ephemeral = true;
}

static void other_ip(struct attach_spec *spec)
{
	spec->ip = ip_of("10.200.4.151");
}

static void other_mac(struct attach_spec *spec)
{
	spec->mac[5]++;
}

static void other_interface(struct attach_spec *spec)
{
	spec->interface = view("eth0");
}

static void other_request(struct attach_spec *spec)
{
	spec->request++;
}

#define DETACH ": detach it first"
static const struct {
	const char *name;
	void (*differ)(struct attach_spec *spec);
	const char *reason;
} others[] = {
	{ "service", other_service,
	  "pid 7 is attached to service web: detach it before it goes to db" },
	{ "join_global", other_join, "pid 7 is attached with join_global false" DETACH },
	{ "ephemeral", other_ephemeral, "pid 7 is attached with ephemeral false" DETACH },
	{ "ip", other_ip,
	  "pid 7 is attached with address 10.200.4.150: detach it before it gets 10.200.4.151" },
	{ "mac", other_mac,
	  "pid 7 is attached with mac 02:00:5e:10:00:07: detach it before it gets "
	  "02:00:5e:10:00:08" },
	{ "interface", other_interface,
	  "pid 7 is attached with interface net0: detach it before it gets eth0" },
	{ "request", other_request, "pid 7 is attached by another request" DETACH },
};

static struct attach_spec with_wishes(void)
{
	struct attach_spec spec = attach_spec_of(7, 70, "web");

	spec.ip = ip_of("10.200.4.150");
	spec.has_mac = true;
	memcpy(spec.mac, mac, sizeof(mac));
	spec.interface = view("net0");
	spec.request = 77;
	return spec;
}

TEST(wishes)
{
	struct attach_spec spec = with_wishes(), plain = attach_spec_of(7, 70, "web");
	struct attachment_view seen;
	struct node n;
	struct ovd_ip ip;

	begin(&n);
	CHECK_INT(node_attach_spec(&n, &spec, false, &ip), 0);
	CHECK(strstr(node_plan(&n), ": net0 10.200.4.150/26 via 10.200.4.129\n"));
	CHECK(node_step(&n, 0)->veth.has_mac);
	CHECK_BYTES(node_step(&n, 0)->veth.mac, mac, sizeof(mac));
	node_commit(&n);
	CHECK_INT(node_attach_spec(&n, &spec, false, &ip), -EALREADY);
	CHECK_INT(node_attach_spec(&n, &plain, false, &ip), -EALREADY); /* any will do */
	CHECK(ip_eq(&ip, &spec.ip));
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		struct attach_spec other = spec;

		CASE("%s", others[i].name);
		others[i].differ(&other);
		CHECK_INT(node_attach_spec(&n, &other, false, &ip), -EEXIST);
		CHECK_STR(engine_reason(n.e), others[i].reason);
	}
	node_has_container(&n, 8, 80, "web");
	plain = attach_spec_of(8, 80, "web");
	plain.has_mac = true;
	memcpy(plain.mac, mac, sizeof(mac));
	CHECK_INT(node_attach_spec(&n, &plain, false, &ip), -EEXIST);
	CHECK_STR(engine_reason(n.e), "pid 8 is attached with a mac of the kernel's choice: "
				      "detach it before it gets 02:00:5e:10:00:07");
	CHECK(engine_attachment(n.e, &spec.owner, &seen));
	CHECK(view_eq(seen.interface, view("net0")) && seen.has_mac);
	CHECK(view_eq(seen.host, view("zl-00000046-0")));
	CHECK_INT(seen.prefix_len, 26);
	node_done(&n);
}

TEST(addresses_that_cannot_be)
{
	static const struct {
		const char *ip;
		int r;
		const char *reason;
	} ips[] = {
		{ "10.200.4.150", -EEXIST,
		  "ip: 10.200.4.150 is in use, or reserved in subnet "
		  "10.200.4.128/26" },
		{ "10.200.4.129", -EEXIST,
		  "ip: 10.200.4.129 is in use, or reserved in subnet "
		  "10.200.4.128/26" },
		{ "10.200.4.2", -EINVAL, "ip: 10.200.4.2 is not in a subnet of service web" },
		{ "fd00::1", -EINVAL, "ip: fd00::1 is not in a subnet of service web" },
	};
	struct attach_spec spec = with_wishes(), next = attach_spec_of(8, 80, "web");
	struct node n;
	struct ovd_ip ip;

	begin(&n);
	CHECK_INT(node_attach_spec(&n, &spec, false, &ip), 0);
	node_commit(&n);
	for (size_t i = 0; i < ARRAY_SIZE(ips); i++) {
		CASE("%s", ips[i].ip);
		next.ip = ip_of(ips[i].ip);
		CHECK_INT(node_attach_spec(&n, &next, false, &ip), ips[i].r);
		CHECK_STR(engine_reason(n.e), ips[i].reason);
	}
	CHECK_INT(node_detach(&n, 7), 0);
	node_commit(&n);
	next.ip = ip_of("10.200.4.150"); /* it came back */
	CHECK_INT(node_attach_spec(&n, &next, false, &ip), 0);
	node_commit(&n);
	node_done(&n);
}

/* By its path, which another namespace may have later. */
TEST(a_path)
{
	struct attach_spec spec = spec_of_path("/run/netns/a", 70),
			   pid = attach_spec_of(7, 70, "web"),
			   later = spec_of_path("/run/netns/a", 71);
	struct attachment_view seen;
	struct node n;
	struct ovd_ip ip, again;

	begin(&n);
	CHECK_INT(node_attach_spec(&n, &spec, false, &ip), 0);
	CHECK(strstr(node_plan(&n), "veth zl-00000046-0 "));
	node_commit(&n);
	CHECK_INT(node_attach_spec(&n, &spec, false, &again), -EALREADY);
	CHECK(ip_eq(&ip, &again));
	CHECK_INT(node_attach_spec(&n, &pid, false, &again), -EEXIST);
	CHECK_STR(engine_reason(n.e),
		  "the network namespace of pid 7 is attached by netns /run/netns/a");
	CHECK(engine_attachment_in(n.e, 4, 70, &seen));
	CHECK(engine_attachment_behind(n.e, view("zl-00000046-0"), &seen));
	CHECK(!engine_attachment_behind(n.e, view("zl-00000047-0"), &seen));
	CHECK(!engine_attachment_behind(n.e, view("zl-00000046-1"), &seen));
	CHECK(!engine_attachment_behind(n.e, view("zl-web-b"), &seen));
	CHECK_INT(node_attach_spec(&n, &later, false, &again), -EEXIST);
	CHECK_INT(node_attach_spec(&n, &later, true, &again), 0);
	CHECK(strstr(node_plan(&n), "cut zl-00000046-0 \nveth zl-00000047-0 "));
	node_commit(&n);
	CHECK(!engine_attachment_in(n.e, 4, 70, &seen));
	CHECK_INT(engine_detach(n.e, &later.owner, &n.plan, &n.intent), 0);
	node_commit(&n);
	CHECK_INT(engine_attachment_count(n.e), 0);
	node_done(&n);
}

/* Its end is heard late, and another process has the pid by then. */
TEST(a_pid_that_came_again)
{
	struct owner dead = { .pid = 7, .start_time = 490 },
		     alive = { .pid = 7, .start_time = 497 };
	struct attach_spec later = attach_spec_of(7, 71, "web");
	struct node n;
	struct ovd_ip ip;

	begin(&n);
	node_has_container(&n, 7, 70, "web");
	CHECK_INT(node_attach_spec(&n, &later, true, &ip), 0);
	node_commit(&n);
	CHECK_INT(engine_detach(n.e, &dead, &n.plan, &n.intent), -EALREADY);
	CHECK_INT(engine_attachment_count(n.e), 1);
	CHECK_INT(engine_detach(n.e, &alive, &n.plan, &n.intent), 0);
	node_commit(&n);
	node_done(&n);
}
