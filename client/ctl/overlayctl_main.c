#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client/ctl/command_line.h"
#include "client/ctl/events.h"
#include "client/ctl/exit.h"
#include "client/ctl/flags.h"
#include "client/ctl/generic.h"
#include "client/ctl/hcs.h"
#include "client/ctl/help.h"
#include "client/ctl/raw.h"
#include "client/overlayd.h"
#include "runtime/paths.h"
#include "schema/overlayd_ctl.h"

static const struct ctl_command *find_command(const char *name)
{
	for (const struct ctl_command *c = ovd_commands; c->name; c++)
		if (strcmp(c->name, name) == 0 || strcmp(c->op, name) == 0)
			return c;
	return NULL;
}

static int unknown(const char *word)
{
	fprintf(stderr, "overlayctl: %s: unknown command\nTry 'overlayctl help'.\n", word);
	return EXIT_USAGE;
}

static int connect_to(const struct command_line *line, struct ovd_client **ret)
{
	struct paths_env env = paths_env_now();
	char data_dir[PATHS_MAX], socket[PATHS_MAX];
	const char *path = line->socket;
	int r;

	if (!path)
		path = paths_socket(
			&env, line->data_dir ? line->data_dir : paths_data_dir(&env, data_dir),
			socket);
	r = ovd_client_open(path, 1, ret);
	if (r < 0)
		exit_unreachable(path, r);
	return r < 0 ? r : ovd_client_set_codec(*ret, line->codec);
}

/* To a daemon of the 0.12 line nat is unknown and nat_enabled required; later ones ignore it beside
 * nat. */
static void please_old_daemons(struct ovd_request *request)
{
	struct ovd_setup_global_overlay *setup = &request->setup_global_overlay;

	if (request->kind != OVD_REQUEST_SETUP_GLOBAL_OVERLAY || setup->has_nat_enabled)
		return;
	setup->has_nat_enabled = true;
	setup->nat_enabled = !setup->has_nat || setup->nat.enabled;
}

/* What a request calls by a descriptor of ours is sent along: how many, and the one. */
static unsigned take_fd(struct ovd_request *request, int *ret)
{
	struct ovd_attach_handle *handle =
		request->kind == OVD_REQUEST_ATTACH_CONTAINER   ? &request->attach_container.handle
		: request->kind == OVD_REQUEST_DETACH_CONTAINER ? &request->detach_container.handle
								: NULL;

	if (!handle || handle->kind != OVD_ATTACH_HANDLE_LINUX_FD)
		return 0;
	*ret = (int)handle->linux_fd.fd;
	handle->linux_fd.fd = 0;
	return 1;
}

static int call(const struct command_line *line, struct ovd_request *request)
{
	const struct ovd_response *response;
	struct ovd_client *client;
	unsigned n_fds;
	int r, fd;

	if (connect_to(line, &client) < 0)
		return EXIT_CONNECTION;
	please_old_daemons(request);
	n_fds = take_fd(request, &fd);
	r = ovd_client_call_fds(client, request, &fd, n_fds, line->timeout_ms, &response);
	r = r < 0 ? exit_failed(r, client) : exit_answer(response, line->json);
	ovd_client_close(client);
	return r;
}

static int run_command(const struct command_line *line, const struct ctl_command *command)
{
	_cleanup_(buf_done) struct buf json = { .p = NULL };
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	struct ovd_request request;
	struct ovd_fault found;
	char fault[FLAGS_FAULT_MAX] = "no memory";

	if (help_asked(line->rest[1])) {
		help_own_command(stdout, command);
		return EXIT_OK;
	}
	if (flags_to_json(command, line->rest + 1, &json, fault) < 0) {
		fprintf(stderr, "overlayctl %s: %s\n", command->name, fault);
		return EXIT_USAGE;
	}
	if (ovd_request_decode(buf_view(&json), &arena, &request, &found) < 0) {
		fprintf(stderr, "overlayctl %s: %s\n", command->name,
			flags_fault(command, &found, fault));
		return EXIT_USAGE;
	}
	return call(line, &request);
}

static int run_raw(const struct command_line *line)
{
	const char *text = line->rest[1];
	struct ovd_client *client;
	int r;

	if (help_asked(text)) {
		help_raw(stdout);
		return EXIT_OK;
	}
	if (text && line->rest[2]) {
		fprintf(stderr, "overlayctl raw: one argument at most; quote the JSON\n");
		return EXIT_USAGE;
	}
	if (connect_to(line, &client) < 0)
		return EXIT_CONNECTION;
	r = raw_run(client, text, line->timeout_ms);
	ovd_client_close(client);
	return r;
}

/* call and describe: what the daemon knows counts. */
static int run_generic(const struct command_line *line,
		       int (*generic)(const struct command_line *line, struct ovd_client *client,
				      char **words))
{
	struct ovd_client *client;
	int r;

	if (connect_to(line, &client) < 0)
		return EXIT_CONNECTION;
	r = generic(line, client, line->rest + 1);
	ovd_client_close(client);
	return r;
}

static int run_events(const struct command_line *line)
{
	struct ovd_client *client;
	int r;

	if (help_asked(line->rest[1])) {
		help_events(stdout);
		return EXIT_OK;
	}
	if (line->rest[1]) {
		fprintf(stderr, "overlayctl events: %s: it takes no arguments\n", line->rest[1]);
		return EXIT_USAGE;
	}
	if (connect_to(line, &client) < 0)
		return EXIT_CONNECTION;
	r = events_run(line, client);
	ovd_client_close(client);
	return r;
}

static int run_call(const struct command_line *line)
{
	const char *operation = line->rest[1];

	if (operation && !help_asked(operation))
		return run_generic(line, generic_call);
	help_call(operation ? stdout : stderr);
	return operation ? EXIT_OK : EXIT_USAGE;
}

static int run_describe(const struct command_line *line)
{
	if (!help_asked(line->rest[1]))
		return run_generic(line, generic_describe);
	help_describe(stdout);
	return EXIT_OK;
}

static int run_help(const char *name)
{
	const struct ctl_command *command = name ? find_command(name) : NULL;

	if (command && strcmp(name, "describe") == 0)
		help_describe(stdout);
	else if (command)
		help_own_command(stdout, command);
	else if (!name)
		help_all(stdout, ovd_commands);
	else if (strcmp(name, "raw") == 0)
		help_raw(stdout);
	else if (strcmp(name, "events") == 0)
		help_events(stdout);
	else if (strcmp(name, "call") == 0)
		help_call(stdout);
	else if (strcmp(name, "hcs") == 0)
		help_hcs(stdout);
	else
		return unknown(name);
	return EXIT_OK;
}

static int run(const struct command_line *line)
{
	const char *word = line->rest[0];
	const struct ctl_command *command = word ? find_command(word) : NULL;

	if (word && strcmp(word, "describe") == 0 && !line->json)
		return run_describe(line);
	if (command)
		return run_command(line, command);
	if (word && strcmp(word, "call") == 0)
		return run_call(line);
	if (word && strcmp(word, "hcs") == 0)
		return hcs_run(line);
	if (word && strcmp(word, "events") == 0)
		return run_events(line);
	if (!word) {
		help_all(stderr, ovd_commands);
		return EXIT_USAGE;
	}
	if (help_asked(word))
		return run_help(NULL);
	if (strcmp(word, "help") == 0)
		return run_help(line->rest[1]);
	return strcmp(word, "raw") == 0 ? run_raw(line) : unknown(word);
}

int main(int argc, char **argv)
{
	struct command_line line;
	int r = argc > 0 ? command_line_parse(argv, &line) : -EINVAL;

	if (r < 0)
		return EXIT_USAGE;
	r = r == 0 ? run(&line) : EXIT_OK;
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "overlayctl: standard output: %s\n", strerror(errno));
		return EXIT_OUTPUT;
	}
	return r;
}
