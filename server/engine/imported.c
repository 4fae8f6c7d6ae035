#include "server/engine/imported.h"

#include <errno.h>
#include <string.h>

#include "server/engine/record.h"

static struct imported **place_of(struct engine *e, const char *service)
{
	struct imported **at = &e->identities;

	while (*at && strcmp((*at)->service, service) != 0)
		at = &(*at)->next;
	return at;
}

const struct imported *imported_find(const struct engine *e, const char *service)
{
	const struct imported *at = e->identities;

	while (at && strcmp(at->service, service) != 0)
		at = at->next;
	return at;
}

bool imported_has_port(const struct engine *e, uint16_t port, const char *service)
{
	for (const struct imported *at = e->identities; at; at = at->next)
		if (at->port == port && strcmp(at->service, service) != 0)
			return true;
	return false;
}

static void imported_free(struct imported *imported)
{
	explicit_bzero(imported, sizeof(*imported));
	free(imported);
}

static int fill(struct imported *imported, const struct state_identity *record)
{
	if (record->service.n == 0 || record->service.n > NAME_MAX_BYTES || record->port == 0 ||
	    key_parse(record->private_key, &imported->private_key) < 0 ||
	    key_parse(record->public_key, &imported->public_key) < 0)
		return -EBADMSG;
	text_copy(imported->service, sizeof(imported->service), record->service);
	key_format(&imported->private_key, imported->private_text);
	key_format(&imported->public_key, imported->public_text);
	imported->port = record->port;
	return 0;
}

int imported_restore(struct engine *e, const struct state_identity *record)
{
	const struct service *service = service_find(e, record->service);
	struct imported *imported;

	if (service && service->dedicated)
		return -ENOENT;
	imported = calloc(1, sizeof(*imported));
	if (!imported)
		return -ENOMEM;
	if (fill(imported, record) < 0 || imported_find(e, imported->service)) {
		imported_free(imported);
		return engine_refuse(e, -EBADMSG, "its port or its keys are none, or it is twice");
	}
	imported->next = e->identities;
	e->identities = imported;
	return 0;
}

int imported_plan_end(const struct engine *e, const char *service, struct plan *plan)
{
	const struct imported *imported = imported_find(e, service);

	if (!imported)
		return 0;
	return plan_forget(plan, (struct state_record){
					 .kind = STATE_RECORD_IDENTITY,
					 .identity = { .service = view(imported->service),
						       .port = imported->port,
						       .private_key = view(imported->private_text),
						       .public_key = view(imported->public_text) },
				 });
}

void imported_end(struct engine *e, const char *service)
{
	struct imported **at = place_of(e, service), *imported = *at;

	if (!imported)
		return;
	*at = imported->next;
	imported_free(imported);
}

void engine_free_imported(struct engine *e)
{
	while (e->identities)
		imported_end(e, e->identities->service);
}

bool engine_has_imported(const struct engine *e)
{
	return e->imported;
}

struct state_record engine_node(const struct engine *e)
{
	return record_of_node(e);
}

struct state_record engine_imported(struct engine *e)
{
	e->imported = true;
	return record_of_node(e);
}
