#include "client/ctl/events.h"

#include <stdio.h>

#include "client/ctl/exit.h"
#include "client/ctl/print.h"

static void print_one(void *arg, const struct ovd_event *event)
{
	const struct command_line *line = arg;
	_cleanup_(buf_done) struct buf text = { .p = NULL };

	if (!line->json)
		print_event(stdout, event);
	else if (ovd_event_encode(event, &text) == 0)
		print_json(stdout, buf_view(&text));
	fflush(stdout); /* who reads them through a pipe waits for each */
}

static int say_hello(const struct command_line *line, struct ovd_client *client)
{
	const struct ovd_request hello = {
		.kind = OVD_REQUEST_HELLO,
		.hello = { .client = VIEW_LITERAL("overlayctl events") },
	};
	const struct ovd_response *response;
	int r = ovd_client_call(client, &hello, line->timeout_ms, &response);

	if (r < 0)
		return exit_failed(r, client);
	return response->kind == OVD_RESPONSE_ERR ? exit_answer(response, line->json) : EXIT_OK;
}

int events_run(const struct command_line *line, struct ovd_client *client)
{
	int r;

	ovd_client_on_event(client, print_one, (void *)line);
	r = say_hello(line, client);
	if (r != EXIT_OK)
		return r;
	while ((r = ovd_client_handle(client)) == 0 && !ferror(stdout)) {
		r = ovd_client_wait(client, -1);
		if (r < 0)
			break;
	}
	return r < 0 ? exit_failed(r, client) : EXIT_OK;
}
