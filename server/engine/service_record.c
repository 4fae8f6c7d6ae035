/* Records of services. */
#include <errno.h>
#include <string.h>

#include "server/engine/dedicated.h"
#include "server/engine/segment.h"

static int compare(const struct tree_node *a, const struct tree_node *b)
{
	return strcmp(CONTAINER_OF(a, struct service, node)->name,
		      CONTAINER_OF(b, struct service, node)->name);
}

struct service *service_find(const struct engine *e, struct ovd_view name)
{
	struct service key;
	struct tree_node *found;

	if (name.n > NAME_MAX_BYTES)
		return NULL;
	text_copy(key.name, sizeof(key.name), name);
	found = tree_find(e->services, &key.node, compare);
	return found ? CONTAINER_OF(found, struct service, node) : NULL;
}

struct service *service_at(const struct engine *e, size_t i)
{
	struct tree_walk walk;
	struct tree_node *at = tree_first(&walk, e->services);

	while (at && i-- > 0)
		at = tree_next(&walk);
	return at ? CONTAINER_OF(at, struct service, node) : NULL;
}

const char *engine_service_at(const struct engine *e, size_t i)
{
	const struct service *service = service_at(e, i);

	return service ? service->name : NULL;
}

const char *engine_service_link(const struct engine *e, struct ovd_view name)
{
	const struct service *service = service_find(e, name);

	return service ? service->segment->link : "";
}

size_t engine_service_count(const struct engine *e)
{
	return e->n_services;
}

int service_new(struct engine *e, struct ovd_view name, enum service_mode mode,
		struct segment *segment, struct service **ret)
{
	struct service *service = spare_take(&e->spare, sizeof(*service));

	if (!service)
		return -ENOMEM;
	text_copy(service->name, sizeof(service->name), name);
	service->mode = mode;
	service->segment = segment;
	tree_insert(&e->services, &service->node, compare);
	segment->n_services++;
	e->n_services++;
	*ret = service;
	return 0;
}

static void service_free(struct engine *e, struct service *service, bool tell)
{
	dedicated_free(e, service, tell);
	if (--service->segment->n_services == 0)
		segment_free(e, service->segment);
	spare_give(&e->spare, service, sizeof(*service));
}

void engine_free_services(struct engine *e)
{
	struct tree_node *at;
	struct tree_walk walk;

	for (at = tree_first(&walk, e->services); at; at = tree_next(&walk))
		service_free(e, CONTAINER_OF(at, struct service, node), false);
}

void service_leave(struct engine *e, struct service *service, bool leaving)
{
	if (leaving == service->leaving)
		return;
	if (leaving)
		e->n_leaving++;
	else
		service_reaped(e, service);
	service->leaving = leaving;
	service->reaped = false;
}

void service_reaped(struct engine *e, struct service *service)
{
	e->n_leaving -= !service->reaped;
	service->reaped = true;
}

void service_forget(struct engine *e, struct service *service)
{
	service_leave(e, service, false);
	tree_delete(&e->services, &service->node, compare);
	e->n_services--;
	if (e->shared == service->segment && service->segment->n_services == 1)
		e->shared = NULL;
	service_free(e, service, true);
}

/* Peers of its tunnel that are being changed end first, and no others begin. */
bool service_must_wait(const struct service *service)
{
	struct dedicated *d = service->dedicated;
	bool busy = service->segment->busy;

	if (d)
		d->peers.waits = !busy && d->peers.n_busy > 0;
	return busy || (d && d->peers.waits);
}
