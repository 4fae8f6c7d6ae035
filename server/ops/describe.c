/* What the daemon tells of itself and of its protocol. */
#include "build_id.h"
#include "runtime/codec.h"
#include "runtime/frame.h"
#include "schema/overlayd_describe.h"
#include "schema/overlayd_ops.h"
#include "server/ipc/server.h"
#include "server/ops/daemon.h"
#include "server/ops/health.h"

static const struct ovd_view contract_lines[] = { VIEW_LITERAL("0.12"), VIEW_LITERAL("0.13"),
						  VIEW_LITERAL("0.14") };

static bool is_built(const struct daemon *d, int operation)
{
	return ovd_is_built((enum ovd_request_kind)operation) && !(d->lacks && d->lacks(operation));
}

static struct ovd_view *list_operations(struct call *call, size_t *ret_n)
{
	const struct ovd_union *all = ovd_request_table.union_;
	struct ovd_view *list = arena_alloc(call->arena, all->n_variants * sizeof(*list));
	size_t n = 0;

	for (size_t i = 0; list && i < all->n_variants; i++)
		if (is_built(call->daemon, all->variants[i].value))
			list[n++] = view(all->variants[i].name);
	*ret_n = n;
	return list;
}

static struct ovd_view *list_codecs(struct call *call, size_t *ret_n)
{
	struct ovd_view *list = arena_alloc(call->arena, OVD_N_CODECS * sizeof(*list));
	size_t n = 0;

	for (int i = 0; list && i < OVD_N_CODECS; i++)
		if (codec_is_built((enum ovd_codec)i))
			list[n++] = view(codec_name((enum ovd_codec)i));
	*ret_n = n;
	return list;
}

int ovd_op_hello(struct call *call, const struct ovd_hello *request)
{
	struct ovd_response response = { .kind = OVD_RESPONSE_SERVER_INFO };
	struct ovd_server_info *info = &response.server_info;

	info->name = VIEW_LITERAL("overlayd");
	info->version = VIEW_LITERAL(BUILD_VERSION);
	info->build_id = VIEW_LITERAL(BUILD_ID);
	info->contract_lines.items = contract_lines;
	info->contract_lines.n = ARRAY_SIZE(contract_lines);
	info->codecs.items = list_codecs(call, &info->codecs.n);
	info->operations.items = list_operations(call, &info->operations.n);
	info->limits = (struct ovd_limits){
		.frame_bytes = FRAME_BODY_MAX,
		.frame_seconds = SERVER_FRAME_SECONDS,
		.connections = SERVER_CONNS_MAX,
		.queued_bytes = SERVER_QUEUE_MAX,
	};
	if (!info->operations.items || !info->codecs.items)
		return call_fail(call, -ENOMEM, "hello: no memory");
	log_at(call->daemon->log, LOG_DEBUG, "hello from %.*s", VIEW(request->client));
	call_listen(call);
	health_begin(call->daemon);
	return call_reply(call, &response);
}

int ovd_op_describe(struct call *call)
{
	const struct ovd_response response = {
		.kind = OVD_RESPONSE_DESCRIPTION,
		.description = { .schema = VIEW_LITERAL("overlayd"),
				 .json = ovd_describe_json,
				 .descriptors = ovd_describe_descriptors },
	};

	return call_reply(call, &response);
}
