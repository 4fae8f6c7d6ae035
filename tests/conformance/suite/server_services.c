/* Services, addresses and containers. */
#include <stdio.h>

#include "runtime/ip.h"
#include "tests/conformance/suite/container.h"
#include "tests/conformance/suite/server.h"

#define SETUP    "reference.md, setup_service_overlay"
#define TEARDOWN "reference.md, teardown_service_overlay"
#define ATTACH   "reference.md, attach_container"
#define DETACH   "reference.md, detach_container"

/* ---- services ---- */

static void ask_service(struct trial *t, const char *service, const char *mode)
{
	trial_ask(t, "{\"op\":\"setup_service_overlay\",\"service\":\"%s\",\"mode\":\"%s\"}",
		  service, mode);
}

static void service_up(struct trial *t, const char *service)
{
	ask_service(t, service, "auto");
	trial_want_or_skip(t, OVD_RESPONSE_SERVICE_OVERLAY);
}

static void service_down(struct trial *t, const char *service)
{
	trial_ask(t, "{\"op\":\"teardown_service_overlay\",\"service\":\"%s\"}", service);
	trial_want(t, OVD_RESPONSE_OK);
}

/* The row's text is the mode; isolated is answered as auto. */
static void mode(struct trial *t, const struct server_check *check)
{
	const struct ovd_service_overlay_info *info;
	bool isolated = strcmp(check->body, "isolated") == 0;
	char name[64];

	ask_service(t, "conform-mode", check->body);
	info = &trial_want_or_skip(t, OVD_RESPONSE_SERVICE_OVERLAY)->service_overlay;
	snprintf(name, sizeof(name), "%.*s", VIEW(info->name));
	ask_service(t, "conform-mode", check->body);
	info = &trial_want(t, OVD_RESPONSE_SERVICE_OVERLAY)->service_overlay;
	trial_must(t, t->over || view_eq(info->name, view(name)), "%s, then %.*s", name,
		   VIEW(info->name));
	trial_must(t, t->over || (info->name.n > 0 && info->name.n <= 15),
		   "no name of a link: %.*s", VIEW(info->name));
	trial_must(t,
		   t->over || view_eq(view(ovd_overlay_mode_name(info->mode)),
				      view(isolated ? "auto" : check->body)),
		   "the mode is another: %.*s", VIEW(t->body));
	service_down(t, "conform-mode");
}

static void other_mode(struct trial *t, const struct server_check *check _unused_)
{
	service_up(t, "conform-mode");
	ask_service(t, "conform-mode", "shared");
	trial_want_code(t, "exists");
	service_down(t, "conform-mode");
}

static void down_unknown(struct trial *t, const struct server_check *check _unused_)
{
	service_down(t, "conform-nobody");
	service_down(t, "conform-nobody");
}

static void counted(struct trial *t, const struct server_check *check _unused_)
{
	uint32_t before, during;

	trial_ask(t, "{\"op\":\"status\"}");
	before = trial_want(t, OVD_RESPONSE_STATUS)->status.service_count;
	service_up(t, "conform-count");
	trial_ask(t, "{\"op\":\"status\"}");
	during = trial_want(t, OVD_RESPONSE_STATUS)->status.service_count;
	trial_must(t, t->over || during == before + 1, "service_count was %u, then %u", before,
		   during);
	service_down(t, "conform-count");
	trial_ask(t, "{\"op\":\"status\"}");
	during = trial_want(t, OVD_RESPONSE_STATUS)->status.service_count;
	trial_must(t, t->over || during == before, "service_count was %u, then %u", before, during);
}

static void prune_keeps(struct trial *t, const struct server_check *check _unused_)
{
	const struct ovd_pruned_bridges *pruned;
	struct ovd_view now;
	char name[64];

	ask_service(t, "conform-prune", "auto");
	now = trial_want_or_skip(t, OVD_RESPONSE_SERVICE_OVERLAY)->service_overlay.name;
	snprintf(name, sizeof(name), "%.*s", VIEW(now));
	trial_ask(t, "{\"op\":\"prune_orphan_bridges\",\"live_bridge_names\":[]}");
	pruned = &trial_want(t, OVD_RESPONSE_PRUNED_BRIDGES)->pruned_bridges;
	for (size_t i = 0; i < pruned->reclaimed.n; i++)
		trial_must(t, !view_eq(pruned->reclaimed.items[i], view(name)), "%s is gone", name);
	service_down(t, "conform-prune");
}

/* ---- addresses ---- */

static struct ovd_ip allocate(struct trial *t, const char *service)
{
	trial_ask(t, "{\"op\":\"allocate_ip\",\"service\":\"%s\",\"join_global\":false}", service);
	return trial_want_or_skip(t, OVD_RESPONSE_IP)->ip.ip;
}

static void release(struct trial *t, const struct ovd_ip *ip)
{
	char text[IP_TEXT_MAX];

	trial_ask(t, "{\"op\":\"release_ip\",\"ip\":\"%s\"}", t->over ? "" : ip_format(ip, text));
	trial_want(t, OVD_RESPONSE_OK);
}

/* From the service's pool, or the node's if the row names nobody's. */
static void addresses(struct trial *t, const struct server_check *check)
{
	struct ovd_cidr slice;
	struct ovd_ip ips[3];

	server_global_up(t);
	service_up(t, "conform-ip");
	cidr_parse(VIEW_LITERAL("10.200.4.0/24"), &slice);
	for (size_t i = 0; i < ARRAY_SIZE(ips); i++) {
		ips[i] = allocate(t, check->body);
		trial_must(t, t->over || cidr_holds(&slice, &ips[i]), "not in the slice: %.*s",
			   VIEW(t->body));
		for (size_t k = 0; k < i; k++)
			trial_must(t, t->over || !ip_eq(&ips[i], &ips[k]), "given twice: %.*s",
				   VIEW(t->body));
	}
	for (size_t i = 0; i < ARRAY_SIZE(ips); i++)
		release(t, &ips[i]);
	service_down(t, "conform-ip");
}

/* Until nothing is left, and one more. */
static void exhausted(struct trial *t, const struct server_check *check _unused_)
{
	const struct ovd_response *response;
	struct ovd_ip ips[256];
	size_t n = 0;

	server_global_up(t);
	service_up(t, "conform-ip");
	while (!t->over && n < ARRAY_SIZE(ips)) {
		trial_ask(t, "{\"op\":\"allocate_ip\",\"service\":\"conform-ip\",\"join_global\":"
			     "false}");
		response = trial_answer(t, t->id);
		if (t->over || response->kind != OVD_RESPONSE_IP)
			break;
		ips[n++] = response->ip.ip;
	}
	trial_must(t, t->over || n < ARRAY_SIZE(ips), "%zu addresses, and no end", n);
	trial_must(t, t->over || n > 0, "not one: %.*s", VIEW(t->body));
	trial_ask(t, "{\"op\":\"allocate_ip\",\"service\":\"conform-ip\",\"join_global\":false}");
	trial_want_code(t, "exhausted");
	for (size_t i = 0; i < n; i++)
		release(t, &ips[i]);
	allocate(t, "conform-ip");
	release(t, &t->answer.response.response.ip.ip);
	service_down(t, "conform-ip");
}

/* Whatever is answered: the gateway and an address of elsewhere are given to nobody. */
static void release_foreign(struct trial *t, const struct server_check *check _unused_)
{
	struct ovd_ip first, gateway, foreign, now;
	char text[IP_TEXT_MAX];

	server_global_up(t);
	service_up(t, "conform-ip");
	first = allocate(t, "conform-ip");
	gateway = cidr_network(&first, 26).ip;
	gateway = ip_add(&gateway, 1);
	ip_parse(VIEW_LITERAL("192.0.2.77"), &foreign);
	trial_ask(t, "{\"op\":\"release_ip\",\"ip\":\"192.0.2.77\"}");
	trial_answer(t, t->id);
	trial_ask(t, "{\"op\":\"release_ip\",\"ip\":\"%s\"}",
		  t->over ? "" : ip_format(&gateway, text));
	trial_answer(t, t->id);
	for (int i = 0; i < 3 && !t->over; i++) {
		now = allocate(t, "conform-ip");
		trial_must(t, t->over || (!ip_eq(&now, &gateway) && !ip_eq(&now, &foreign)),
			   "given to somebody: %.*s", VIEW(t->body));
		release(t, &now);
	}
	release(t, &first);
	service_down(t, "conform-ip");
}

/* ---- containers ---- */

static void ask_attach(struct trial *t, const struct container *c, const char *service,
		       const char *more)
{
	trial_ask(t,
		  "{\"op\":\"attach_container\",\"handle\":{\"platform\":\"linux_pid\",\"pid\":%d},"
		  "\"service\":\"%s\",\"join_global\":false%s}",
		  (int)c->pid, service, more);
}

static void detach(struct trial *t, const struct container *c)
{
	trial_ask(
		t,
		"{\"op\":\"detach_container\",\"handle\":{\"platform\":\"linux_pid\",\"pid\":%d}}",
		(int)c->pid);
	trial_want(t, OVD_RESPONSE_OK);
}

/* The container of a check: an attach needs a service and a process with a network of its own. */
static void begin(struct trial *t, struct container *c)
{
	int r;

	server_global_up(t);
	service_up(t, "conform-web");
	r = container_start(c);
	if (r < 0)
		trial_skip(t, "no process with a network of its own can be made here: %s",
			   strerror(-r));
}

static void attach_twice(struct trial *t, const struct server_check *check)
{
	_cleanup_(container_end) struct container c = { .pid = -1 };
	struct ovd_ip first, second;

	begin(t, &c);
	ask_attach(t, &c, "conform-web", check->body);
	first = trial_want_or_skip(t, OVD_RESPONSE_ATTACHED)->attached.ip;
	ask_attach(t, &c, "conform-web", check->body);
	second = trial_want(t, OVD_RESPONSE_ATTACHED)->attached.ip;
	trial_must(t, t->over || ip_eq(&first, &second), "another address: %.*s", VIEW(t->body));
	detach(t, &c);
	detach(t, &c);
	service_down(t, "conform-web");
}

static void attach_elsewhere(struct trial *t, const struct server_check *check _unused_)
{
	_cleanup_(container_end) struct container c = { .pid = -1 };

	begin(t, &c);
	service_up(t, "conform-db");
	ask_attach(t, &c, "conform-web", "");
	trial_want_or_skip(t, OVD_RESPONSE_ATTACHED);
	ask_attach(t, &c, "conform-db", "");
	trial_want_code(t, "exists");
	detach(t, &c);
	service_down(t, "conform-db");
	service_down(t, "conform-web");
}

static void attach_nowhere(struct trial *t, const struct server_check *check _unused_)
{
	_cleanup_(container_end) struct container c = { .pid = -1 };

	begin(t, &c);
	ask_attach(t, &c, "conform-nobody", "");
	trial_want_code(t, "not_found");
	service_down(t, "conform-web");
}

static void attach_ephemeral(struct trial *t, const struct server_check *check _unused_)
{
	_cleanup_(container_end) struct container c = { .pid = -1 };
	uint32_t before, after;

	begin(t, &c);
	trial_ask(t, "{\"op\":\"status\"}");
	before = trial_want(t, OVD_RESPONSE_STATUS)->status.service_count;
	ask_attach(t, &c, "conform-web", ",\"ephemeral\":true");
	trial_want_or_skip(t, OVD_RESPONSE_ATTACHED);
	detach(t, &c);
	trial_ask(t, "{\"op\":\"status\"}");
	after = trial_want(t, OVD_RESPONSE_STATUS)->status.service_count;
	trial_must(t, t->over || after == before - 1, "service_count was %u, then %u", before,
		   after);
}

/* The address of somebody who is there is nobody else's. */
static void attach_distinct(struct trial *t, const struct server_check *check _unused_)
{
	_cleanup_(container_end) struct container a = { .pid = -1 }, b = { .pid = -1 };
	struct ovd_ip first, second;
	int r;

	begin(t, &a);
	r = container_start(&b);
	trial_must(t, r == 0, "no second process: %s", strerror(-r));
	ask_attach(t, &a, "conform-web", "");
	first = trial_want_or_skip(t, OVD_RESPONSE_ATTACHED)->attached.ip;
	ask_attach(t, &b, "conform-web", "");
	second = trial_want(t, OVD_RESPONSE_ATTACHED)->attached.ip;
	trial_must(t, t->over || !ip_eq(&first, &second), "given twice: %.*s", VIEW(t->body));
	detach(t, &a);
	detach(t, &b);
	service_down(t, "conform-web");
}

static void detach_unknown(struct trial *t, const struct server_check *check _unused_)
{
	const struct container nobody = { .pid = 4194304 };

	detach(t, &nobody);
	detach(t, &nobody);
}

static const struct server_check checks[] = {
	{ "op.setup_service_overlay.auto",
	  "Asked again, the same answer: the name of a link, and the mode.", SETUP, .run = mode,
	  .body = "auto" },
	{ "op.setup_service_overlay.shared", "The same for mode shared.", SETUP, .run = mode,
	  .body = "shared" },
	{ "op.setup_service_overlay.isolated",
	  "The same for mode isolated, which is answered as auto.", SETUP, .run = mode,
	  .body = "isolated" },
	{ "op.setup_service_overlay.dedicated", "The same for mode dedicated.", SETUP, .run = mode,
	  .body = "dedicated" },
	{ "err.setup_service_overlay.other-mode",
	  "A service that is set up with a bridge of its own is refused the shared one.", SETUP,
	  .run = other_mode },
	{ "op.setup_service_overlay.counted", "status counts the services that are set up.",
	  "reference.md, status", .run = counted },
	{ "op.teardown_service_overlay.unknown", "An unknown service is ok.", TEARDOWN,
	  .run = down_unknown },
	{ "op.prune_orphan_bridges.keeps", "The bridge of a service that is set up is not pruned.",
	  "reference.md, prune_orphan_bridges", .run = prune_keeps },
	{ "op.allocate_ip.service", "An address out of the service's pool, that nobody else has.",
	  "reference.md, allocate_ip", .run = addresses, .body = "conform-ip" },
	{ "op.allocate_ip.node", "A name that is no service means the node's own pool.",
	  "reference.md, allocate_ip", .run = addresses, .body = "conform-nobody" },
	{ "err.allocate_ip.exhausted", "A pool ends with an err; what comes back is given again.",
	  "reference.md, allocate_ip", .run = exhausted },
	{ "op.release_ip.foreign",
	  "An address that allocate_ip did not give, like a gateway's, is given to nobody "
	  "afterwards.",
	  "reference.md, release_ip", .run = release_foreign },
	{ "op.attach_container.twice", "Asked again, the same answer; detached again, ok.", ATTACH,
	  .run = attach_twice, .body = "" },
	{ "op.attach_container.isolation", "isolation_network is read; the rest as without.",
	  ATTACH, .run = attach_twice,
	  .body = ",\"isolation_network\":\"job\",\"dns_server\":\"10.200.4.1\",\"dns_domain\":\"a."
		  "b b\"" },
	{ "op.attach_container.distinct", "Two containers have two addresses.", ATTACH,
	  .run = attach_distinct },
	{ "op.attach_container.elsewhere", "A container of one service is refused to another.",
	  ATTACH, .run = attach_elsewhere },
	{ "op.attach_container.no-service", "A service that is not set up is refused.", ATTACH,
	  .run = attach_nowhere },
	{ "op.attach_container.ephemeral", "An ephemeral service goes with its last container.",
	  ATTACH, .run = attach_ephemeral },
	{ "op.detach_container.unknown", "An unknown container is ok.", DETACH,
	  .run = detach_unknown },
};

const struct server_family server_services = { .checks = checks, .n = ARRAY_SIZE(checks) };
