#include "server/hcs/error.h"

#include <stdio.h>

#include "runtime/buf.h"
#include "server/hcs/document.h"

#define NAME_SHOWN 128

static int fill(struct hcs_error *error, const char *verb, const char *id, const char *what,
		struct ovd_view message)
{
	const char *hint = hcs_class_hint(error->class);
	struct ovd_view name = view(id ? id : "");

	name.n = MIN(name.n, NAME_SHOWN);
	name.n = view_whole(name);
	/* The message may come from a guest and be of any length: the hint behind it must fit. */
	message.n = MIN(message.n, HCS_ERROR_TEXT_MAX / 2);
	message.n = view_whole(message);
	snprintf(error->text, sizeof(error->text), "%s%s%.*s: %s%s%.*s%s%s%s", verb, id ? " " : "",
		 VIEW(name), what, message.n > 0 ? ": " : "", VIEW(message), hint ? " (" : "",
		 hint ? hint : "", hint ? ")" : "");
	return hcs_class_errno(error->class);
}

int hcs_error_set(struct hcs_error *error, const char *verb, const char *id, int32_t result,
		  struct ovd_view document)
{
	_cleanup_(buf_done) struct buf message = { .p = NULL };
	char what[HRESULT_TEXT_MAX];

	error->result = result;
	error->class = hresult_class(result);
	document_error_message(document, &message);
	return fill(error, verb, id, hresult_format(result, what), buf_view(&message));
}

int hcs_error_own(struct hcs_error *error, enum hcs_class class, const char *verb, const char *id,
		  const char *text)
{
	error->result = 0;
	error->class = class;
	return fill(error, verb, id, text, view(""));
}
