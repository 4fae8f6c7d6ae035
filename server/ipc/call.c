#include "server/ipc/call.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "server/ipc/err_code.h"
#include "server/ipc/server_state.h"

#define FIELD_MAX 128 /* "request.", and names from our own source */
#define MESSAGE_MAX                                                                                \
	2048 /* a text of the longest that a request may hold, and what is wrong with it */

int call_ok(struct call *call)
{
	return call_reply(call, &(struct ovd_response){ .kind = OVD_RESPONSE_OK });
}

/* path: of the field that is at fault, or NULL. */
static int fail(struct call *call, int r, const char *path, const char *format, va_list args)
{
	char text[MESSAGE_MAX];
	struct ovd_response response = { .kind = OVD_RESPONSE_ERR };
	size_t n = 0;

	if (path)
		n = (size_t)snprintf(text, sizeof(text), "%s: ", path + strlen("request."));
	vsnprintf(text + n, sizeof(text) - n, format, args);
	text[view_whole(view(text))] = '\0';
	response.err = err_of(r, view(text));
	if (path)
		response.err.field = view(path);
	return call_reply(call, &response);
}

int call_fail(struct call *call, int r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fail(call, r, NULL, format, args);
	va_end(args);
	return 0;
}

int call_refuse(struct call *call, int r, const char *field, const char *format, ...)
{
	char path[FIELD_MAX] = "request.";
	size_t n = strlen(path);
	va_list args;

	if (call->list)
		n += (size_t)snprintf(path + n, sizeof(path) - n, "%s[%zu]%s", call->list,
				      call->item, field ? "." : "");
	if (field)
		snprintf(path + n, sizeof(path) - n, "%s", field);
	va_start(args, format);
	fail(call, r, path, format, args);
	va_end(args);
	return 0;
}

int call_park(struct call *call)
{
	if (!call->parked)
		call->conn->server->n_parked++;
	call->parked = true;
	return 0;
}

static void job_done(struct job *job)
{
	struct call *call = CONTAINER_OF(job, struct call, job);

	call->done(call, job->result);
}

static int submit(struct call *call, call_done_fn *done, bool undo)
{
	call_park(call);
	call->done = done;
	call->job = (struct job){ .plan = &call->plan, .undo = undo, .done = job_done };
	worker_submit(call->conn->server->options.worker, &call->job);
	return 0;
}

int call_run(struct call *call, call_done_fn *done)
{
	return submit(call, done, false);
}

int call_undo(struct call *call, call_done_fn *done)
{
	return submit(call, done, true);
}

void call_wait(struct call *call)
{
	struct call **end = &call->conn->server->waiting;

	while (*end)
		end = &(*end)->next_waiting;
	call->next_waiting = NULL;
	call->waited = true;
	*end = call;
}

void call_again(struct call *call)
{
	int r;

	plan_clear(&call->plan);
	r = call->conn->server->options.dispatch(call, call->request);
	if (r == -EINPROGRESS)
		call_wait(call);
	else if (r < 0)
		call_fail(call, r, "%s", strerror(-r));
}

void server_wake(struct server *s)
{
	struct call *call = s->waiting, *next;

	for (s->waiting = NULL; call; call = next) {
		next = call->next_waiting;
		call_again(call);
	}
}

void call_end(struct call *call)
{
	struct server *s = call->conn->server;
	bool parked = call->parked;
	bool waited = call->waited; /* maybe others did for it */

	plan_clear(&call->plan);
	s->n_parked -= parked;
	call->parked = false;
	if (parked && s->options.ended)
		s->options.ended(s->options.daemon);
	if (parked || waited)
		server_wake(s);
	conn_answered(call->conn); /* last: the connection may go, and the server with it */
}
