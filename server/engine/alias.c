/* What links of ours are marked with; start.h has the form. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "server/engine/state.h"

void alias_format(const struct engine *e, const char *what, const char *name,
		  char ret[LINK_ALIAS_MAX])
{
	snprintf(ret, LINK_ALIAS_MAX, "%s %s %s", e->mark, what, name);
}

static void begin_details(char alias[LINK_ALIAS_MAX])
{
	strncat(alias, "\t", LINK_ALIAS_MAX - 1 - strlen(alias));
}

/* What doesn't fit, or would be read otherwise, is left out: it is a help, and not needed. */
static void put_detail(char alias[LINK_ALIAS_MAX], const char *key, struct ovd_view value)
{
	size_t used = strlen(alias);
	bool first = alias[used - 1] == '\t';

	if (used + 1 + strlen(key) + value.n >= LINK_ALIAS_MAX ||
	    (value.n > 0 && memchr(value.p, '\t', value.n)))
		return;
	snprintf(alias + used, LINK_ALIAS_MAX - used, "%s%s%.*s", first ? "" : ",", key,
		 VIEW(value));
}

static void put_number(char alias[LINK_ALIAS_MAX], const char *key, uint64_t number)
{
	char text[21];

	snprintf(text, sizeof(text), "%" PRIu64, number);
	put_detail(alias, key, view(text));
}

static void put_process(char alias[LINK_ALIAS_MAX], const struct owner *owner)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu32 "@%" PRIu64, owner->pid, owner->start_time);
	put_detail(alias, "pid=", view(text));
}

void alias_of_attachment(const struct engine *e, const struct attachment *a,
			 char ret[LINK_ALIAS_MAX])
{
	const struct extras *extras = a->extras;
	char mac[MAC_TEXT_MAX];

	alias_format(e, "container", a->service->name, ret);
	begin_details(ret);
	if (a->owner.kind == HANDLE_PID)
		put_process(ret, &a->owner);
	if (a->asked_join)
		put_detail(ret, "join", view(""));
	if (a->ephemeral)
		put_detail(ret, "ephemeral", view(""));
	if (extras && extras->has_mac)
		put_detail(ret, "mac=", view(mac_format(extras->mac, mac)));
	if (extras && extras->request)
		put_number(ret, "request=", extras->request);
	if (a->owner.kind == HANDLE_NETNS)
		put_detail(ret, "at:", a->owner.id);
}

void alias_of_bridge(const struct engine *e, const struct service *service,
		     char ret[LINK_ALIAS_MAX])
{
	bool shared = service->mode == SERVICE_SHARED;

	alias_format(e, shared ? "bridge" : "service", shared ? "shared" : service->name, ret);
}

void alias_of_service(const struct engine *e, const struct service *service, enum service_mode mode,
		      char ret[LINK_ALIAS_MAX])
{
	alias_of_bridge(e, service, ret);
	begin_details(ret);
	if (mode == SERVICE_ISOLATED)
		put_detail(ret, "isolated", view(""));
}

void alias_of_tunnel(const struct engine *e, const struct global *g, char ret[LINK_ALIAS_MAX])
{
	char slice[CIDR_TEXT_MAX], names[2 * NAME_MAX_BYTES + 24];

	alias_format(e, "tunnel", g->link, ret);
	begin_details(ret);
	if (g->has_slice)
		put_detail(ret, "slice=", view(cidr_format(&g->slice, slice)));
	snprintf(names, sizeof(names), "%zu:%s%s", strlen(g->deployment), g->deployment,
		 g->instance);
	put_detail(ret, "names:", view(names));
}
