#include "server/engine/attachment.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "server/engine/name.h"
#include "server/engine/segment.h"

/* ---- handles ---- */

const char *handle_text(const struct owner *owner, char text[HANDLE_TEXT_MAX])
{
	switch (owner->kind) {
	case HANDLE_PID:
		snprintf(text, HANDLE_TEXT_MAX, "pid %u", owner->pid);
		break;
	case HANDLE_NETNS:
		snprintf(text, HANDLE_TEXT_MAX, "netns %.*s", VIEW(owner->id));
		break;
	case HANDLE_GUEST:
		snprintf(text, HANDLE_TEXT_MAX, "guest %.*s", VIEW(owner->id));
		break;
	case HANDLE_HOST:
		snprintf(text, HANDLE_TEXT_MAX, "host process %.*s", VIEW(owner->id));
		break;
	}
	text[view_whole(view(text))] = '\0';
	return text;
}

bool owner_has_netns(const struct owner *owner)
{
	return owner->kind == HANDLE_PID || owner->kind == HANDLE_NETNS;
}

/* ---- the trees ---- */

static int compare_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_id(struct ovd_view a, struct ovd_view b)
{
	int order = a.n > 0 && b.n > 0 ? memcmp(a.p, b.p, MIN(a.n, b.n)) : 0;

	return order ? order : compare_u64(a.n, b.n);
}

static int compare_handle(const struct tree_node *a, const struct tree_node *b)
{
	const struct owner *x = &CONTAINER_OF(a, struct attachment, by_handle)->owner,
			   *y = &CONTAINER_OF(b, struct attachment, by_handle)->owner;
	int order = compare_u64(x->kind, y->kind);

	if (order == 0)
		order = compare_u64(x->pid, y->pid);
	return order ? order : compare_id(x->id, y->id);
}

static int compare_netns(const struct tree_node *a, const struct tree_node *b)
{
	const struct owner *x = &CONTAINER_OF(a, struct attachment, by_netns)->owner,
			   *y = &CONTAINER_OF(b, struct attachment, by_netns)->owner;
	int order = compare_u64(x->netns_ino, y->netns_ino);

	return order ? order : compare_u64(x->netns_dev, y->netns_dev);
}

struct attachment *attachment_by_handle(const struct engine *e, const struct owner *owner)
{
	struct attachment key = { .owner = *owner };
	struct tree_node *found =
		tree_find(e->attachments_by_handle, &key.by_handle, compare_handle);

	return found ? CONTAINER_OF(found, struct attachment, by_handle) : NULL;
}

struct attachment *attachment_by_netns(const struct engine *e, const struct owner *owner)
{
	struct attachment key = { .owner = *owner };
	struct tree_node *found;

	if (!owner_has_netns(owner))
		return NULL;
	found = tree_find(e->attachments_by_netns, &key.by_netns, compare_netns);
	return found ? CONTAINER_OF(found, struct attachment, by_netns) : NULL;
}

void attachment_insert(struct engine *e, struct attachment *a)
{
	tree_insert(&e->attachments_by_handle, &a->by_handle, compare_handle);
	if (owner_has_netns(&a->owner))
		tree_insert(&e->attachments_by_netns, &a->by_netns, compare_netns);
	a->next = a->segment->attached;
	a->at = &a->segment->attached;
	if (a->next)
		a->next->at = &a->next;
	a->segment->attached = a;
	e->n_attachments++;
}

bool attachment_is_known(const struct engine *e, const struct owner *owner)
{
	return attachment_by_handle(e, owner) || attachment_by_netns(e, owner);
}

void attachment_remove(struct engine *e, struct attachment *a)
{
	tree_delete(&e->attachments_by_handle, &a->by_handle, compare_handle);
	if (owner_has_netns(&a->owner))
		tree_delete(&e->attachments_by_netns, &a->by_netns, compare_netns);
	*a->at = a->next;
	if (a->next)
		a->next->at = a->at;
	e->n_attachments--;
}

/* ---- life ---- */

static size_t extras_size(struct ovd_view id)
{
	return offsetof(struct extras, id) + id.n + 1;
}

static bool wants_extras(const struct owner *owner, const struct extras *extras)
{
	return owner->id.n > 0 || extras->request || extras->has_mac || extras->interface[0];
}

static bool put_extras(struct engine *e, struct attachment *a, const struct extras *extras)
{
	struct ovd_view id = a->owner.id;

	if (!wants_extras(&a->owner, extras))
		return true;
	a->extras = spare_take(&e->spare, extras_size(id));
	if (!a->extras)
		return false;
	memcpy(a->extras, extras, offsetof(struct extras, id));
	if (id.n == 0)
		return true;
	text_copy(a->extras->id, id.n + 1, id);
	a->owner.id = (struct ovd_view){ .p = a->extras->id, .n = id.n };
	return true;
}

struct attachment *attachment_new(struct engine *e, const struct owner *owner,
				  const struct extras *extras, struct service *service)
{
	struct attachment *a = spare_take(&e->spare, sizeof(*a));

	if (!a)
		return NULL;
	*a = (struct attachment){ .owner = *owner,
				  .service = service,
				  .segment = service->segment };
	a->owner.netns = -1;
	if (owner_has_netns(owner))
		for (unsigned n = 0; n < 2; n++)
			name_veth(owner->netns_ino, n, a->host[n]);
	if (put_extras(e, a, extras))
		return a;
	spare_give(&e->spare, a, sizeof(*a));
	return NULL;
}

void attachment_free(struct engine *e, struct attachment *a)
{
	size_t n = extras_size(a->owner.id);

	if (a->extras) {
		explicit_bzero(a->extras, n);
		spare_give(&e->spare, a->extras, n);
	}
	spare_give(&e->spare, a, sizeof(*a));
}

void attachment_busy(struct engine *e, struct attachment *a)
{
	a->busy = true;
	e->peers.n_busy += a->owner.kind == HANDLE_HOST;
}

void attachment_rest(struct engine *e, struct attachment *a)
{
	a->busy = false;
	e->peers.n_busy -= a->owner.kind == HANDLE_HOST;
}

void attachment_count(struct attachment *a)
{
	a->service->n_attached++;
	a->segment->n_attached++;
}

struct pool *attachment_pool(struct engine *e, const struct attachment *a)
{
	return a->owner.kind == HANDLE_HOST ? &e->global.pool : segment_pool_of(a->segment, &a->ip);
}

void attachment_give_back(struct engine *e, struct attachment *a)
{
	pool_give(attachment_pool(e, a), &a->ip);
	if (a->joined)
		pool_give(&e->global.pool, &a->joined_ip);
	a->segment->n_attached--;
	a->service->n_attached--;
}

void attachment_release(struct engine *e, struct attachment *a)
{
	attachment_give_back(e, a);
	attachment_free(e, a);
}

void engine_free_attachments(struct engine *e)
{
	struct tree_node *at;
	struct tree_walk walk;

	for (at = tree_first(&walk, e->attachments_by_handle); at; at = tree_next(&walk))
		attachment_free(e, CONTAINER_OF(at, struct attachment, by_handle));
}

/* ---- what others see ---- */

const char *attachment_interface(const struct attachment *a)
{
	return a->extras && a->extras->interface[0] ? a->extras->interface : "eth0";
}

size_t segment_ports(const struct segment *segment, char (*ports)[LINK_NAME_MAX])
{
	size_t n = 0;

	for (const struct attachment *a = segment->attached; a; a = a->next)
		if (owner_has_netns(&a->owner))
			text_copy(ports[n++], LINK_NAME_MAX, view(a->host[0]));
	return n;
}

bool segment_has_ports(const struct segment *segment)
{
	const struct attachment *a = segment->attached;

	while (a && !owner_has_netns(&a->owner))
		a = a->next;
	return a;
}

size_t hosts_aliases(const struct engine *e, struct ovd_ip *ips)
{
	struct tree_node *at;
	struct tree_walk walk;
	size_t n = 0;

	for (at = tree_first(&walk, e->attachments_by_handle); at; at = tree_next(&walk)) {
		const struct attachment *a = CONTAINER_OF(at, struct attachment, by_handle);

		if (a->owner.kind != HANDLE_HOST)
			continue;
		if (ips)
			ips[n] = a->ip;
		n++;
	}
	for (size_t i = 0; i < e->n_lost; i++) {
		if (!e->lost[i].is_alias)
			continue;
		if (ips)
			ips[n] = e->lost[i].ip;
		n++;
	}
	return n;
}

size_t engine_attachment_count(const struct engine *e)
{
	return e->n_attachments;
}

static struct attachment_view view_of(const struct attachment *a)
{
	struct attachment_view seen = {
		.owner = a->owner,
		.service = view(a->service->name),
		.host = view(a->host[0]),
		.interface = view(attachment_interface(a)),
		.ip = a->ip,
		.prefix_len = a->segment->pool.block.prefix_len, /* they are all alike */
		.ephemeral = a->ephemeral,
		.joined = a->joined,
		.joined_ip = a->joined_ip,
		.has_mac = a->extras && a->extras->has_mac,
	};

	if (a->extras && a->extras->private_key[0]) {
		seen.private_key = view(a->extras->private_key);
		seen.public_key = view(a->extras->public_key);
	}
	if (seen.has_mac)
		memcpy(seen.mac, a->extras->mac, sizeof(seen.mac));
	return seen;
}

bool engine_attachment(const struct engine *e, const struct owner *who, struct attachment_view *ret)
{
	const struct attachment *a = attachment_by_handle(e, who);

	if (!a || a->busy)
		return false;
	*ret = view_of(a);
	return true;
}

bool engine_attachment_in(const struct engine *e, uint64_t netns_dev, uint64_t netns_ino,
			  struct attachment_view *ret)
{
	const struct owner owner = { .netns_dev = netns_dev, .netns_ino = netns_ino };
	const struct attachment *a = attachment_by_netns(e, &owner);

	if (!a)
		return false;
	*ret = view_of(a);
	return true;
}

/* Names tell the inode, see name_veth. */
bool engine_attachment_behind(const struct engine *e, struct ovd_view host,
			      struct attachment_view *ret)
{
	struct attachment key = { .owner = { .kind = HANDLE_PID } };
	struct tree_node *found;

	if (!name_veth_parse(host, &key.owner.netns_ino))
		return false;
	found = tree_at_least(e->attachments_by_netns, &key.by_netns, compare_netns);
	if (!found)
		return false;
	*ret = view_of(CONTAINER_OF(found, struct attachment, by_netns));
	return view_eq(ret->host, host);
}

bool engine_attachment_lost(struct engine *e, const struct owner *who)
{
	struct attachment *a = attachment_by_handle(e, who);

	if (!a || a->busy || a->half_gone)
		return false;
	a->half_gone = true;
	return true;
}

void engine_each_attachment(const struct engine *e,
			    void (*each)(void *arg, const struct attachment_view *attachment),
			    void *arg)
{
	struct tree_node *at;
	struct tree_walk walk;

	for (at = tree_first(&walk, e->attachments_by_handle); at; at = tree_next(&walk)) {
		const struct attachment *a = CONTAINER_OF(at, struct attachment, by_handle);
		struct attachment_view seen = view_of(a);

		if (!a->busy)
			each(arg, &seen);
	}
}
