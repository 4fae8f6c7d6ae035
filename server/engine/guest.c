/* Guests that run WireGuard themselves: peers of the tunnel that have no record of their own. */
#include <errno.h>

#include "server/engine/attachment.h"
#include "server/engine/peer.h"

int guest_plan_peer(struct engine *e, const struct attachment *a, struct plan *plan,
		    struct attachment_intent *i)
{
	const struct ovd_cidr ip = cidr_host(&a->ip);
	struct peer_spec spec = { .guest = true, .allowed = &ip, .n_allowed = 1 };

	if (key_parse(view(a->extras->public_key), &spec.key) < 0)
		return engine_refuse(e, -EINVAL, "the guest's key is none");
	if (peer_find(&e->peers, &spec.key))
		return engine_refuse(e, -EEXIST, "the guest's key is another peer's");
	return engine_peer_set(e, &spec, plan, &i->change, &i->peer);
}

int guest_plan_no_peer(struct engine *e, const struct attachment *a, struct plan *plan,
		       struct attachment_intent *i)
{
	struct ovd_key key;
	int r = key_parse(view(a->extras->public_key), &key);

	if (r == 0)
		r = peer_remove(e, &e->peers, &key, plan, &i->change, &i->peer);
	return r == -EALREADY ? 0 : r;
}

int guest_plan_proxy(const struct attachment *a, enum step_kind kind, struct plan *plan)
{
	struct step_alias *alias = &PLAN_ADD(plan, kind)->alias;

	alias->ip = a->ip;
	text_copy(alias->link, sizeof(alias->link), view(a->segment->link));
	return 0;
}

int host_plan_alias(const struct engine *e, const struct attachment *a, enum step_kind kind,
		    struct plan *plan)
{
	struct step_alias *alias = &PLAN_ADD(plan, kind)->alias;

	alias->ip = a->ip;
	text_copy(alias->link, sizeof(alias->link), view(e->global.link));
	return 0;
}

struct tunnel_change engine_attachment_change(const struct intent *intent, struct intent **ret_peer)
{
	const struct attachment_intent *i = CONTAINER_OF(intent, struct attachment_intent, intent);

	*ret_peer = i->peer;
	return i->change;
}

void engine_attachment_drop_peer(struct engine *e, struct intent *intent)
{
	struct attachment_intent *i = CONTAINER_OF(intent, struct attachment_intent, intent);

	engine_drop(e, i->peer);
	i->peer = NULL;
}
