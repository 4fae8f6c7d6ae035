#include "server/hcs/operation.h"

#include <errno.h>

static int no_memory(const struct hcs_request *q, struct hcs_error *error)
{
	return hcs_error_set(error, q->verb, q->id, HRESULT_OUT_OF_MEMORY, view(NULL));
}

/* A begin may say that it has begun by an error of its own. */
static bool has_begun(int32_t result)
{
	return result >= 0 || hresult_class(result) == HCS_CLASS_PENDING;
}

static int32_t run(struct hcs_request *q, struct hcs_operation *operation, char **document)
{
	const struct hcs_api *api = q->api;
	int32_t result = q->begin(q, operation);

	if (!has_begun(result))
		return result;
	result = api->wait_for_result(api, operation, q->timeout_ms, document);
	/* Best effort: the SDK has it and doesn't say that it does anything. */
	if (hresult_class(result) == HCS_CLASS_TIMEOUT && api->cancel_operation)
		api->cancel_operation(api, operation);
	return result;
}

int hcs_request_run(struct hcs_request *q, struct buf *out, struct hcs_error *error)
{
	const struct hcs_api *api = q->api;
	struct hcs_operation *operation = api->create_operation(api);
	char *document = NULL;
	int32_t result;
	int r = 0;

	if (!operation)
		return no_memory(q, error);
	result = run(q, operation, &document);
	api->close_operation(api, operation);
	if (result < 0)
		r = hcs_error_set(error, q->verb, q->id, result, view(document));
	else if (out && document && buf_text(out, document) < 0)
		r = no_memory(q, error);
	if (document)
		api->free_document(api, document);
	return r;
}
