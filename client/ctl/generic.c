#include "client/ctl/generic.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/ctl/exit.h"
#include "client/ctl/flags.h"
#include "client/ctl/help.h"
#include "client/ctl/print.h"
#include "client/ctl/raw.h"
#include "client/ctl/remote.h"

static int no_memory(void)
{
	fputs("overlayctl: no memory\n", stderr);
	return EXIT_USAGE;
}

/* ---- what the daemon knows ---- */

/* The exit status; *ret is set if that is EXIT_OK. */
static int fetch(const struct command_line *line, struct ovd_client *client, struct remote **ret)
{
	const struct ovd_request request = { .kind = OVD_REQUEST_DESCRIBE };
	const struct ovd_response *response;
	char fault[REMOTE_FAULT_MAX];
	int r = ovd_client_call(client, &request, line->timeout_ms, &response);

	if (r < 0)
		return exit_failed(r, client);
	if (response->kind != OVD_RESPONSE_DESCRIPTION) {
		fputs("overlayctl: the daemon does not describe itself\n", stderr);
		return EXIT_ERR;
	}
	r = remote_new(response->description.json, ret, fault);
	if (r == -EPROTO)
		fprintf(stderr, "overlayctl: the daemon does not describe itself: %s\n", fault);
	else if (r < 0)
		return no_memory();
	return r < 0 ? EXIT_PROTOCOL : EXIT_OK;
}

static const struct ctl_command *find_command(const struct remote *remote, const char *name)
{
	for (const struct ctl_command *c = remote_commands(remote); c->name; c++)
		if (strcmp(c->name, name) == 0 || strcmp(c->op, name) == 0)
			return c;
	fprintf(stderr, "overlayctl: the daemon has no operation %s\nTry 'overlayctl describe'.\n",
		name);
	return NULL;
}

/* ---- describe ---- */

static void describe_all(struct buf *out, const struct ctl_command *commands)
{
	for (; commands->name; commands++)
		buf_printf(out, "%-24s  %s\n", commands->op, commands->summary);
}

/* The daemon's words, safe for a terminal. */
static int print_commands(const struct ctl_command *one, const struct ctl_command *all)
{
	_cleanup_(buf_done) struct buf text = { .p = NULL };

	if (one)
		help_put(&text, one);
	else
		describe_all(&text, all);
	if (buf_append(&text, "", 1) < 0)
		return no_memory();
	for (char *line = text.p, *end; (end = strchr(line, '\n')); line = end + 1)
		print_text(stdout, (struct ovd_view){ .p = line, .n = (size_t)(end - line) });
	return EXIT_OK;
}

int generic_describe(const struct command_line *line, struct ovd_client *client, char **words)
{
	const struct ctl_command *one = NULL;
	struct remote *remote;
	int r = fetch(line, client, &remote);

	if (r != EXIT_OK)
		return r;
	if (words[0])
		one = find_command(remote, words[0]);
	r = words[0] && !one ? EXIT_USAGE : print_commands(one, remote_commands(remote));
	remote_free(remote);
	return r;
}

/* ---- call ---- */

/* key=value as --key=value, for flags_to_json. From malloc, ended by NULL. */
static char **as_flags(char **words)
{
	size_t n = 0;
	char **flags;

	while (words[n])
		n++;
	flags = calloc(n + 1, sizeof(*flags));
	for (size_t i = 0; flags && i < n; i++)
		if (asprintf(&flags[i], "%s%s",
			     strchr(words[i], '=') && words[i][0] != '-' ? "--" : "", words[i]) < 0)
			flags[i] = NULL;
	return flags;
}

static void flags_free(char **flags)
{
	for (size_t i = 0; flags && flags[i]; i++)
		free(flags[i]);
	free(flags);
}

/* An answer whose kind this program doesn't know: its response, as it came. */
static int print_unknown(struct ovd_view answer)
{
	struct json_object *frame = json_tokener_parse(answer.p), *response = NULL;
	const char *text;

	if (!json_object_object_get_ex(frame, "response", &response)) {
		fputs("overlayctl: an answer that is none\n", stderr);
		json_object_put(frame);
		return EXIT_PROTOCOL;
	}
	text = json_object_to_json_string_ext(response, JSON_C_TO_STRING_PRETTY |
								JSON_C_TO_STRING_SPACED |
								JSON_C_TO_STRING_NOSLASHESCAPE);
	print_json(stdout, view(text));
	json_object_put(frame);
	return EXIT_OK;
}

static int print_answer(const struct command_line *line, struct ovd_view answer)
{
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	struct ovd_fault fault;
	struct ovd_frame frame;

	if (ovd_frame_decode(answer, &arena, &frame, &fault) < 0 ||
	    frame.kind != OVD_FRAME_RESPONSE)
		return print_unknown(answer);
	return exit_answer(&frame.response.response, line->json);
}

static int send_request(const struct command_line *line, struct ovd_client *client,
			struct ovd_view request)
{
	_cleanup_(buf_done) struct buf body = { .p = NULL };
	struct ovd_view answer;
	int r = raw_body(request, &body);

	if (r == 0)
		r = ovd_client_raw(client, buf_view(&body), line->timeout_ms, &answer);
	return r < 0 ? exit_failed(r, client) : print_answer(line, answer);
}

static int call(const struct command_line *line, struct ovd_client *client,
		const struct ctl_command *command, char **flags)
{
	_cleanup_(buf_done) struct buf json = { .p = NULL };
	char fault[FLAGS_FAULT_MAX] = "no memory";

	if (!flags || flags_to_json(command, flags, &json, fault) < 0) {
		fprintf(stderr, "overlayctl call %s: %s\n", command->op, fault);
		return EXIT_USAGE;
	}
	return send_request(line, client, buf_view(&json));
}

int generic_call(const struct command_line *line, struct ovd_client *client, char **words)
{
	const struct ctl_command *command;
	struct remote *remote;
	int r = fetch(line, client, &remote);

	if (r != EXIT_OK)
		return r;
	command = find_command(remote, words[0]);
	r = EXIT_USAGE;
	if (command) {
		char **flags = as_flags(words + 1);

		r = call(line, client, command, flags);
		flags_free(flags);
	}
	remote_free(remote);
	return r;
}
