#include "server/hcs/system.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "runtime/util.h"
#include "server/hcs/document.h"
#include "server/hcs/operation.h"

/* How long a system that failed to be made may take to go. */
#define CLEANUP_MS 10000u

struct compute_system {
	const struct hcs_api *api;
	struct hcs_system *handle;
	struct event_stream *stream;
	pthread_mutex_t lock;
	unsigned holds; /* the caller's, and each thread's that uses the handle */
	char id[];
};

static const struct compute_system_reader nobody = { .ready = NULL };

/* ---- life ---- */

static int no_memory(struct hcs_error *error, const char *verb, const char *id)
{
	return hcs_error_set(error, verb, id, HRESULT_OUT_OF_MEMORY, view(NULL));
}

static struct compute_system *system_new(const struct hcs_api *api, const char *id)
{
	struct compute_system *s = calloc(1, sizeof(*s) + strlen(id) + 1);

	if (!s)
		return NULL;
	memcpy(s->id, id, strlen(id));
	s->api = api;
	s->holds = 1;
	pthread_mutex_init(&s->lock, NULL);
	return s;
}

static void *system_free(void *arg)
{
	struct compute_system *s = arg;

	if (s->handle)
		s->api->close_system(s->api, s->handle);
	event_stream_unref(s->stream);
	pthread_mutex_destroy(&s->lock);
	free(s);
	return NULL;
}

/* On another thread than this, which is one of the service's: to close the handle here would be to
 * wait for ourselves. */
static void free_elsewhere(struct compute_system *s)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	/* There is no other way, so what is scarce now is waited for. */
	while (pthread_create(&thread, &attr, system_free, s) != 0)
		nanosleep(&pause, NULL);
	pthread_attr_destroy(&attr);
}

static void hold(struct compute_system *s)
{
	pthread_mutex_lock(&s->lock);
	s->holds++;
	pthread_mutex_unlock(&s->lock);
}

static void let_go(struct compute_system *s)
{
	unsigned left;

	pthread_mutex_lock(&s->lock);
	left = --s->holds;
	pthread_mutex_unlock(&s->lock);
	if (left > 0)
		return;
	if (event_stream_in_arrived())
		free_elsewhere(s);
	else
		system_free(s);
}

void compute_system_close(struct compute_system *s)
{
	if (!s)
		return;
	if (s->stream)
		event_stream_end(s->stream);
	let_go(s);
}

struct event_stream *compute_system_events(struct compute_system *s)
{
	return s->stream;
}

/* ---- operations on one ---- */

static int32_t begin_start(struct hcs_request *q, struct hcs_operation *operation)
{
	return q->api->start(q->api, q->system, operation, q->text);
}

static int32_t begin_shut_down(struct hcs_request *q, struct hcs_operation *operation)
{
	return q->api->shut_down(q->api, q->system, operation, q->text);
}

static int32_t begin_terminate(struct hcs_request *q, struct hcs_operation *operation)
{
	return q->api->terminate(q->api, q->system, operation, q->text);
}

static int32_t begin_properties(struct hcs_request *q, struct hcs_operation *operation)
{
	return q->api->get_properties(q->api, q->system, operation, q->text);
}

static int32_t begin_modify(struct hcs_request *q, struct hcs_operation *operation)
{
	return q->api->modify(q->api, q->system, operation, q->text);
}

/* The rest of the request is the caller's. */
static int run(struct compute_system *s, struct hcs_request request, struct buf *out,
	       struct hcs_error *error)
{
	int r;

	request.api = s->api;
	request.id = s->id;
	request.system = s->handle;
	hold(s);
	r = hcs_request_run(&request, out, error);
	let_go(s);
	return r;
}

int compute_system_start(struct compute_system *s, uint32_t timeout_ms, struct hcs_error *error)
{
	return run(s,
		   (struct hcs_request){
			   .verb = "start", .begin = begin_start, .timeout_ms = timeout_ms },
		   NULL, error);
}

int compute_system_shut_down(struct compute_system *s, uint32_t timeout_ms, struct hcs_error *error)
{
	return run(s,
		   (struct hcs_request){ .verb = "shut down",
					 .begin = begin_shut_down,
					 .timeout_ms = timeout_ms },
		   NULL, error);
}

int compute_system_terminate(struct compute_system *s, uint32_t timeout_ms, struct hcs_error *error)
{
	return run(s,
		   (struct hcs_request){ .verb = "terminate",
					 .begin = begin_terminate,
					 .timeout_ms = timeout_ms },
		   NULL, error);
}

int compute_system_properties(struct compute_system *s, const char *query, uint32_t timeout_ms,
			      struct buf *out, struct hcs_error *error)
{
	return run(s,
		   (struct hcs_request){ .verb = "properties of",
					 .begin = begin_properties,
					 .text = query,
					 .timeout_ms = timeout_ms },
		   out, error);
}

int compute_system_modify(struct compute_system *s, const char *document, uint32_t timeout_ms,
			  struct hcs_error *error)
{
	return run(s,
		   (struct hcs_request){ .verb = "modify",
					 .begin = begin_modify,
					 .text = document,
					 .timeout_ms = timeout_ms },
		   NULL, error);
}

/* ---- making and finding them ---- */

static int subscribe(struct compute_system *s, const struct compute_system_reader *reader,
		     struct hcs_error *error)
{
	int32_t result;

	if (!reader)
		reader = &nobody;
	if (event_stream_new(s->id, reader->ready, reader->user, &s->stream) < 0)
		return no_memory(error, "watch", s->id);
	result = s->api->set_callback(s->api, s->handle, event_stream_id(s->stream));
	return result < 0 ? hcs_error_set(error, "watch", s->id, result, view(NULL)) : 0;
}

static int32_t begin_create(struct hcs_request *q, struct hcs_operation *operation)
{
	return q->api->create_system(q->api, q->id, q->text, operation, &q->system);
}

/* What was made by half must not stay. */
static void abandon(struct compute_system *s)
{
	struct hcs_error ignored;

	if (s->handle)
		compute_system_terminate(s, CLEANUP_MS, &ignored);
	compute_system_close(s);
}

int compute_system_create(const struct hcs_api *api, const char *id, const char *document,
			  const struct compute_system_reader *reader, uint32_t timeout_ms,
			  struct compute_system **ret, struct hcs_error *error)
{
	struct compute_system *s = system_new(api, id);
	struct hcs_request request = { .api = api,
				       .verb = "create",
				       .id = id,
				       .text = document,
				       .timeout_ms = timeout_ms,
				       .begin = begin_create };
	int r;

	if (!s)
		return no_memory(error, "create", id);
	r = hcs_request_run(&request, NULL, error);
	s->handle = request.system;
	if (r == 0)
		r = subscribe(s, reader, error);
	if (r < 0) {
		abandon(s);
		return r;
	}
	*ret = s;
	return 0;
}

int compute_system_open(const struct hcs_api *api, const char *id, struct compute_system **ret,
			struct hcs_error *error)
{
	struct compute_system *s = system_new(api, id);
	int32_t result;

	if (!s)
		return no_memory(error, "open", id);
	result = api->open_system(api, id, HCS_ACCESS_ALL, &s->handle);
	if (result < 0) {
		s->handle = NULL;
		compute_system_close(s);
		return hcs_error_set(error, "open", id, result, view(NULL));
	}
	*ret = s;
	return 0;
}

/* Whether it had ended before it was watched: then no event will ever say so. */
static int check_alive(struct compute_system *s, uint32_t timeout_ms, struct hcs_error *error)
{
	_cleanup_(buf_done) struct buf properties = { .p = NULL };
	int r = compute_system_properties(s, NULL, timeout_ms, &properties, error);
	bool gone =
		r < 0 && (error->class == HCS_CLASS_STOPPED || error->class == HCS_CLASS_NOT_FOUND);

	if (r < 0 && !gone)
		return r;
	if (gone || document_says_stopped(buf_view(&properties)))
		event_stream_arrived(event_stream_id(s->stream), HCS_TYPE_SYSTEM_EXITED,
				     view(NULL));
	return 0;
}

int compute_system_watch(const struct hcs_api *api, const char *id,
			 const struct compute_system_reader *reader, uint32_t timeout_ms,
			 struct compute_system **ret, struct hcs_error *error)
{
	struct compute_system *s = NULL;
	int r = compute_system_open(api, id, &s, error);

	if (r < 0)
		return r;
	r = subscribe(s, reader, error);
	if (r == 0)
		r = check_alive(s, timeout_ms, error);
	if (r < 0) {
		compute_system_close(s);
		return r;
	}
	*ret = s;
	return 0;
}

static int32_t begin_enumerate(struct hcs_request *q, struct hcs_operation *operation)
{
	return q->api->enumerate(q->api, q->text, operation);
}

int compute_systems_enumerate(const struct hcs_api *api, const char *query, uint32_t timeout_ms,
			      struct buf *out, struct hcs_error *error)
{
	struct hcs_request request = { .api = api,
				       .verb = "enumerate compute systems",
				       .text = query,
				       .timeout_ms = timeout_ms,
				       .begin = begin_enumerate };

	return hcs_request_run(&request, out, error);
}
