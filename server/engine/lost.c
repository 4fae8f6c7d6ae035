/* What is known where records are lost. */
#include <stdlib.h>
#include <string.h>

#include "runtime/mac.h"
#include "runtime/number.h"
#include "server/engine/block.h"
#include "server/engine/record.h"
#include "server/engine/segment.h"

/* ---- marks ---- */

static size_t bytes_before(struct ovd_view text, const char *ends)
{
	size_t n = 0;

	while (n < text.n && !strchr(ends, text.p[n]))
		n++;
	return n;
}

static struct ovd_view behind(struct ovd_view text, size_t n)
{
	n = MIN(n, text.n);
	return (struct ovd_view){ .p = text.p + n, .n = text.n - n };
}

bool engine_lost_mark(const struct engine *e, const char *alias, struct lost_mark *ret)
{
	const char *tab = strrchr(alias, '\t');
	struct ovd_view rest = view(alias);
	size_t n = strlen(e->mark);

	if (strncmp(alias, e->mark, n) != 0 || alias[n] != ' ')
		return false;
	*ret = (struct lost_mark){ .told = tab, .is_cut = !tab && rest.n == LINK_ALIAS_CUT };
	if (tab) {
		ret->details = view(tab + 1);
		rest.n = (size_t)(tab - alias);
	}
	rest = behind(rest, n + 1);
	ret->word = (struct ovd_view){ .p = rest.p, .n = bytes_before(rest, " ") };
	ret->name = behind(rest, ret->word.n + 1);
	return true;
}

/* The value is empty where the key has none. */
static bool find_detail(const struct lost_mark *mark, const char *key, struct ovd_view *ret)
{
	struct ovd_view rest = mark->details;

	while (rest.n > 0) {
		struct ovd_view name = { .p = rest.p, .n = bytes_before(rest, ",=:") }, value;
		bool is_last = name.n < rest.n && rest.p[name.n] == ':';

		value = behind(rest, name.n);
		if (!is_last)
			value.n = bytes_before(value, ",");
		rest = behind(rest, name.n + value.n + 1);
		if (view_eq(name, view(key))) {
			*ret = behind(value, 1);
			return true;
		}
	}
	return false;
}

static void put_process(struct ovd_view text, struct state_attachment *record)
{
	struct ovd_view pid = { .p = text.p, .n = bytes_before(text, "@") };
	uint64_t number, time;

	if (u64_parse(pid, UINT32_MAX, &number) < 0 ||
	    u64_parse(behind(text, pid.n + 1), UINT64_MAX, &time) < 0)
		return;
	record->has_handle = false;
	record->pid = (uint32_t)number;
	record->start_time = time;
}

static void put_file(struct ovd_view id, struct state_attachment *record)
{
	record->has_handle = true;
	record->handle = STATE_HANDLE_NETNS;
	record->id = id;
	record->pid = 0;
	record->start_time = 0;
}

static void put_mac(struct ovd_view text, struct state_attachment *record)
{
	uint8_t mac[MAC_BYTES];

	if (mac_parse(text, mac) < 0)
		return;
	record->has_mac = true;
	record->mac = 0;
	for (size_t i = 0; i < sizeof(mac); i++)
		record->mac = record->mac << 8 | mac[i];
}

void engine_lost_container(const struct lost_mark *mark, struct state_attachment *record)
{
	struct ovd_view value;

	if (find_detail(mark, "pid", &value))
		put_process(value, record);
	if (find_detail(mark, "at", &value))
		put_file(value, record);
	if (find_detail(mark, "join", &value))
		record->asked_join = true;
	if (find_detail(mark, "ephemeral", &value))
		record->ephemeral = true;
	if (find_detail(mark, "mac", &value))
		put_mac(value, record);
	if (find_detail(mark, "request", &value))
		record->has_request = u64_parse(value, UINT64_MAX, &record->request) == 0;
}

enum state_mode engine_lost_mode(const struct lost_mark *mark)
{
	struct ovd_view value;

	return find_detail(mark, "isolated", &value) ? STATE_MODE_ISOLATED : STATE_MODE_AUTO;
}

/* ---- tunnels ---- */

/* "zl-A-B-g": the two, if there is but one way to read it; see name_link. */
static void split_name(struct ovd_view link, struct state_global *ret)
{
	struct ovd_view parts[4];
	size_t n = 0, start = 0;

	for (size_t i = 0; i <= link.n; i++) {
		if (i < link.n && link.p[i] != '-')
			continue;
		if (n == ARRAY_SIZE(parts))
			return;
		parts[n++] = (struct ovd_view){ .p = link.p + start, .n = i - start };
		start = i + 1;
	}
	if (n < ARRAY_SIZE(parts))
		return;
	ret->deployment = parts[1];
	ret->instance = parts[2];
}

static void put_names(const struct lost_mark *mark, struct state_global *ret)
{
	struct ovd_view value, digits;
	uint64_t n;

	if (!find_detail(mark, "names", &value)) {
		split_name(ret->link, ret);
		return;
	}
	digits = (struct ovd_view){ .p = value.p, .n = bytes_before(value, ":") };
	value = behind(value, digits.n + 1);
	if (u64_parse(digits, MIN(value.n, NAME_MAX_BYTES), &n) < 0 || value.n - n > NAME_MAX_BYTES)
		return;
	ret->deployment = (struct ovd_view){ .p = value.p, .n = n };
	ret->instance = behind(value, n);
}

/* With this slice, or without one, the node has that address in that cluster. */
static bool fits(const struct ovd_cidr *cluster, const struct ovd_cidr *slice,
		 const struct ovd_ip *node)
{
	const struct ovd_cidr block = global_block(slice, cluster, slice);
	const struct ovd_ip first = ip_add(&block.ip, 1);

	return ip_eq(&first, node);
}

static bool put_slice(const struct lost_mark *mark, const struct ovd_cidr *cluster,
		      const struct ovd_ip *node, struct state_global *ret)
{
	struct ovd_cidr slice = cidr_network(node, block_first(cluster).prefix_len), told;
	struct ovd_view value;

	if (find_detail(mark, "slice", &value) && cidr_parse(value, &told) == 0 &&
	    fits(cluster, &told, node))
		slice = told;
	else if (fits(cluster, NULL, node))
		return true;
	ret->has_slice = true;
	ret->slice = record_prefix(&slice);
	return fits(cluster, &slice, node);
}

bool engine_lost_tunnel(const struct lost_mark *mark, struct ovd_view link,
			const struct ovd_cidr *address, uint16_t port, struct state_global *ret)
{
	const struct ovd_cidr cluster = cidr_network(&address->ip, address->prefix_len);
	struct state_global record = { .deployment = VIEW_LITERAL(""),
				       .instance = VIEW_LITERAL(""),
				       .link = link,
				       .cluster = record_prefix(&cluster),
				       .port = port,
				       .up = true };

	if (!put_slice(mark, &cluster, &address->ip, &record) || link.n < 2 ||
	    memcmp(link.p + link.n - 2, "-g", 2) != 0)
		return false;
	put_names(mark, &record);
	*ret = record;
	return true;
}

/* ---- bridges ---- */

size_t engine_lost_subnets(const struct ovd_cidr *addresses, size_t n, struct state_prefix *ret)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		const struct ovd_cidr subnet =
			cidr_network(&addresses[i].ip, addresses[i].prefix_len);
		struct pool pool;
		struct ovd_ip gateway;

		if (pool_init(&pool, &subnet) < 0)
			continue;
		gateway = pool_gateway(&pool);
		if (ip_eq(&gateway, &addresses[i].ip))
			ret[found++] = record_prefix(&subnet);
	}
	return found;
}

bool engine_lost_is_beside(const struct ovd_cidr *tunnel, const struct state_prefix *bridge)
{
	const struct ovd_cidr subnet = { .ip = bridge->ip, .prefix_len = bridge->length };
	const struct ovd_cidr whole = block_whole(&subnet), upper = block_half(&whole, true);
	const struct ovd_cidr lower = block_half(&whole, false);

	return cidr_eq(&subnet, &upper) && cidr_eq(tunnel, &lower);
}

const char *engine_lost_service(const struct engine *e, struct ovd_view link, struct ovd_view name)
{
	const struct service *found = NULL;
	struct tree_node *at;
	struct tree_walk walk;

	for (at = tree_first(&walk, e->services); at; at = tree_next(&walk)) {
		const struct service *service = CONTAINER_OF(at, struct service, node);

		if (!view_eq(view(service->segment->link), link) ||
		    strncmp(service->name, name.p, name.n) != 0)
			continue;
		if (service->name[name.n] == '\0')
			return service->name;
		if (found)
			return NULL;
		found = service;
	}
	return found ? found->name : NULL;
}

bool engine_service_is_known(const struct engine *e, struct ovd_view name)
{
	return service_find(e, name);
}

bool engine_is_our_address(struct engine *e, const struct ovd_ip *ip)
{
	return pool_of(e, ip);
}

static bool lose(struct engine *e, const struct ovd_ip *ip, bool is_alias)
{
	struct pool *pool = pool_of(e, ip);
	struct lost *more;

	if (pool && pool_claim(pool, ip) < 0)
		return false;
	more = realloc(e->lost, (e->n_lost + 1) * sizeof(*more));
	if (!more)
		return pool;
	e->lost = more;
	e->lost[e->n_lost++] = (struct lost){ .ip = *ip, .is_alias = is_alias };
	return true;
}

bool engine_lost_address(struct engine *e, const struct ovd_ip *ip)
{
	return lose(e, ip, false);
}

bool engine_lost_alias(struct engine *e, const struct ovd_ip *ip)
{
	return e->global.has_block && cidr_holds(&e->global.pool.block, ip) && lose(e, ip, true);
}

int pool_begin(const struct engine *e, struct pool *pool, const struct ovd_cidr *block)
{
	int r = pool_init(pool, block);

	for (size_t i = 0; i < e->n_lost && r == 0; i++)
		pool_claim(pool, &e->lost[i].ip);
	return r;
}
