#include "server/hcs/exit_status.h"

#include <stdio.h>

#include "server/hcs/document.h"
#include "server/hcs/hresult.h"
#include "runtime/util.h"

#define REASON_MAX (HRESULT_TEXT_MAX + 64)

static enum hcs_exit_type type_of(const char *name)
{
	/* SDK: NotificationExitType */
	static const struct {
		const char *name;
		enum hcs_exit_type type;
	} types[] = {
		{ "None", HCS_EXIT_TYPE_NONE },
		{ "GracefulExit", HCS_EXIT_TYPE_GRACEFUL },
		{ "ForcedExit", HCS_EXIT_TYPE_FORCED },
		{ "UnexpectedExit", HCS_EXIT_TYPE_UNEXPECTED },
	};

	for (size_t i = 0; name && i < ARRAY_SIZE(types); i++)
		if (strcmp(name, types[i].name) == 0)
			return types[i].type;
	return HCS_EXIT_TYPE_UNKNOWN;
}

static const char *type_words(enum hcs_exit_type type)
{
	switch (type) {
	case HCS_EXIT_TYPE_NONE:
		return "had not run";
	case HCS_EXIT_TYPE_GRACEFUL:
		return "ended gracefully";
	case HCS_EXIT_TYPE_FORCED:
		return "was terminated";
	case HCS_EXIT_TYPE_UNEXPECTED:
		return "ended unexpectedly";
	case HCS_EXIT_TYPE_UNKNOWN:
		break;
	}
	return "ended, how is unknown";
}

static struct ovd_view reason_of(const struct hcs_exit *e, bool crashed, struct arena *arena)
{
	char status[HRESULT_TEXT_MAX], text[REASON_MAX];
	const char *copy;

	snprintf(text, sizeof(text), "%s%s, %s", crashed ? "crashed, " : "", type_words(e->type),
		 !e->has_status   ? "without a status"
		 : e->status == 0 ? "status 0"
				  : hresult_format(e->status, status));
	copy = arena_copy(arena, text, strlen(text));
	return view(copy ? copy : "");
}

void exit_status_read(struct ovd_view document, bool crashed, struct arena *arena,
		      struct hcs_exit *ret)
{
	_cleanup_(json_putp) struct json_object *o = document_parse(document);
	struct hcs_exit e = { .type = type_of(document_text(o, "ExitType")) };

	e.has_status = document_hresult(o, "Status", &e.status);
	e.success = e.type == HCS_EXIT_TYPE_GRACEFUL && e.has_status && e.status >= 0 && !crashed;
	e.reason = reason_of(&e, crashed, arena);
	*ret = e;
}
