/* What the kernel has is held against what the records say. */
#include <stdlib.h>
#include <string.h>

#include "server/engine/attachment.h"
#include "server/engine/dedicated.h"
#include "server/engine/record.h"

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct found_link *)a)->name, ((const struct found_link *)b)->name);
}

/* Some record names a link of this name; true if it is there. */
static bool name_link_of(const struct found_links *found, const char *name)
{
	struct found_link key, *link;

	memcpy(key.name, name, sizeof(key.name));
	link = found->n > 0 ? bsearch(&key, found->links, found->n, sizeof(key), compare_names)
			    : NULL;
	if (link)
		link->named = true;
	return link;
}

/* ---- containers ---- */

static bool is_whole(const struct attachment *a, const struct found_links *found)
{
	bool there = !owner_has_netns(&a->owner) || name_link_of(found, a->host[0]);

	if (a->joined && !name_link_of(found, a->host[1]))
		return false;
	return there && !a->unfinished;
}

/* Forgets containers that are gone, and those that are not connected as their record says. */
static int drop_attachments(struct engine *e, const struct found_links *found,
			    bool (*gone)(const void *, const struct owner *), const void *arg,
			    struct plan *plan)
{
	struct tree_walk walk;
	struct tree_node *at;
	int r = 0;

	for (at = tree_first(&walk, e->services); at && r == 0; at = tree_next(&walk)) {
		struct segment *segment = CONTAINER_OF(at, struct service, node)->segment;
		struct attachment *a, *next;

		name_link_of(found, segment->link);
		for (a = segment->attached; a && r == 0; a = next) {
			next = a->next;
			if (!is_whole(a, found) || gone(arg, &a->owner))
				r = attachment_drop(e, a, plan);
		}
	}
	return r;
}

/* ---- what no record names ---- */

static int remove_link(const struct engine *e, const struct found_link *link, struct plan *plan)
{
	struct step *step;

	switch (link->kind) {
	case FOUND_CONTAINER:
		step = PLAN_ADD(plan, STEP_CUT);
		text_copy(step->cut.host[0], LINK_NAME_MAX, view(link->name));
		text_copy(step->cut.mark, sizeof(step->cut.mark), view(e->mark));
		break;
	case FOUND_BRIDGE:
		step = PLAN_ADD(plan, STEP_BRIDGE_DELETE);
		text_copy(step->bridge_delete.link, LINK_NAME_MAX, view(link->name));
		text_copy(step->bridge_delete.alias, LINK_ALIAS_MAX, view(e->mark));
		step->bridge_delete.idle_only = true;
		break;
	case FOUND_TUNNEL:
		step = PLAN_ADD(plan, STEP_TUNNEL_DELETE);
		text_copy(step->tunnel_delete.link, LINK_NAME_MAX, view(link->name));
		text_copy(step->tunnel_delete.alias, LINK_ALIAS_MAX, view(e->mark));
		break;
	}
	return 0;
}

static int remove_strays(const struct engine *e, const struct found_links *found, struct plan *plan)
{
	int r = 0;

	for (size_t i = 0; i < found->n && r == 0; i++) {
		if (!found->links[i].named)
			r = remove_link(e, &found->links[i], plan);
	}
	return r;
}

int engine_adopt(struct engine *e, struct found_links *found, bool complete,
		 bool (*gone)(const void *arg, const struct owner *owner), const void *arg,
		 struct plan *plan)
{
	int r;

	if (found->n > 0)
		qsort(found->links, found->n, sizeof(*found->links), compare_names);
	if (e->global.up)
		name_link_of(found, e->global.link);
	for (const struct dedicated *d = e->dedicated; d; d = d->next)
		name_link_of(found, d->link);
	r = drop_attachments(e, found, gone, arg, plan);
	if (r == 0 && complete)
		r = remove_strays(e, found, plan);
	return r;
}
