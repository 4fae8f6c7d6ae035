#include "server/windows/install.h"

#include <getopt.h>
#include <stdio.h>

#include "runtime/paths.h"
#include "runtime/wide.h"
#include "server/options.h"
#include "server/service/exit_code.h"
#include "server/service/quote.h"
#include "server/service/service_name.h"
#include "server/windows/event_log.h"
#include "server/windows/scm.h"

#define DESCRIPTION                                                                                \
	L"The overlay network of this node: its tunnel, its containers' addresses and names."

static const char help[] =
	"usage: overlayd install [OPTIONS]    create or change the service\n"
	"       overlayd reinstall [OPTIONS]  delete it and create it anew; one that runs is "
	"started "
	"again\n"
	"       overlayd uninstall [--instance NAME]\n"
	"\n"
	"  --instance NAME      which one, if there are several (default: zlayer-overlayd, whose "
	"service\n"
	"                       is ZLayerDaemon-Overlayd)\n"
	"  --data-dir DIR       as of the daemon; so are --socket, --log-level and --log-format\n"
	"  --delayed            start it two minutes after the system, not with it\n"
	"  --start              start it now, and wait until it serves\n"
	"  --help               print this\n"
	"\n"
	"Exit status: 0 done, 1 failed, 2 wrong command line. All need an administrator.\n";

enum command { INSTALL, REINSTALL, UNINSTALL, COMMANDS };

static const char *const command_names[COMMANDS] = { "install", "reinstall", "uninstall" };

enum {
	OPT_INSTANCE = 256,
	OPT_DATA_DIR,
	OPT_SOCKET,
	OPT_LOG_LEVEL,
	OPT_LOG_FORMAT,
	OPT_DELAYED,
	OPT_START,
	OPT_HELP,
};

struct install {
	enum command command;
	const char *instance, *data_dir, *socket, *log_level, *log_format;
	bool delayed, start;
	char name[SERVICE_NAME_MAX];
};

static enum command find_command(int argc, char **argv)
{
	enum command command = INSTALL;

	while (command < COMMANDS && (argc < 2 || strcmp(argv[1], command_names[command]) != 0))
		command++;
	return command;
}

bool install_is_meant(int argc, char **argv)
{
	return find_command(argc, argv) != COMMANDS;
}

/* ---- the command line ---- */

static enum options_verdict take(struct install *in, int option, const char *value)
{
	switch (option) {
	case OPT_INSTANCE:
		in->instance = value;
		return OPTIONS_RUN;
	case OPT_DATA_DIR:
		in->data_dir = value;
		return OPTIONS_RUN;
	case OPT_SOCKET:
		in->socket = value;
		return OPTIONS_RUN;
	case OPT_LOG_LEVEL:
		in->log_level = value;
		return OPTIONS_RUN;
	case OPT_LOG_FORMAT:
		in->log_format = value;
		return OPTIONS_RUN;
	case OPT_DELAYED:
		in->delayed = true;
		return OPTIONS_RUN;
	case OPT_START:
		in->start = true;
		return OPTIONS_RUN;
	case OPT_HELP:
		fputs(help, stdout);
		return OPTIONS_DONE;
	default:
		fprintf(stderr, "Try 'overlayd install --help'.\n");
		return OPTIONS_WRONG;
	}
}

static enum options_verdict parse(struct install *in, int argc, char **argv)
{
	static const struct option all[] = {
		{ "help", no_argument, NULL, OPT_HELP },
		{ "instance", required_argument, NULL, OPT_INSTANCE },
		{ "data-dir", required_argument, NULL, OPT_DATA_DIR },
		{ "socket", required_argument, NULL, OPT_SOCKET },
		{ "log-level", required_argument, NULL, OPT_LOG_LEVEL },
		{ "log-format", required_argument, NULL, OPT_LOG_FORMAT },
		{ "delayed", no_argument, NULL, OPT_DELAYED },
		{ "start", no_argument, NULL, OPT_START },
		{ NULL, 0, NULL, 0 },
	};
	static const struct option few[] = {
		{ "help", no_argument, NULL, OPT_HELP },
		{ "instance", required_argument, NULL, OPT_INSTANCE },
		{ NULL, 0, NULL, 0 },
	};
	enum options_verdict verdict = OPTIONS_RUN;
	int option;

	*in = (struct install){ .command = find_command(argc, argv), .instance = SERVICE_INSTANCE };
	argc--, argv++;
	while (verdict == OPTIONS_RUN &&
	       (option = getopt_long(argc, argv, "", in->command == UNINSTALL ? few : all, NULL)) !=
		       -1)
		verdict = take(in, option, optarg);
	if (verdict == OPTIONS_RUN && optind < argc) {
		fprintf(stderr, "overlayd: unexpected %s\n", argv[optind]);
		return OPTIONS_WRONG;
	}
	if (verdict == OPTIONS_RUN && service_name(in->instance, in->name) < 0) {
		fprintf(stderr, "overlayd: --instance: no name for a service: %s\n", in->instance);
		return OPTIONS_WRONG;
	}
	return verdict;
}

/* ---- what the service is started with ---- */

/* The service runs in another folder and another environment than who installs it. NULL: none. */
static char *absolute(const char *path)
{
	_cleanup_(freep) wchar_t *wide = wide_of(path);
	wchar_t full[PATHS_MAX];
	DWORD n = wide ? GetFullPathNameW(wide, ARRAY_SIZE(full), full, NULL) : 0;

	return n > 0 && n < ARRAY_SIZE(full) ? wide_to_text(full) : NULL;
}

static char *this_program(void)
{
	wchar_t path[PATHS_MAX];
	DWORD n = GetModuleFileNameW(NULL, path, ARRAY_SIZE(path));

	return n > 0 && n < ARRAY_SIZE(path) ? wide_to_text(path) : NULL;
}

#define ARGUMENTS_MAX 12

/* As the daemon's own command line; refused here, where somebody reads why. */
static bool put_arguments(const struct install *in, const char *data_dir,
			  const char *arguments[ARGUMENTS_MAX])
{
	const char *const pairs[][2] = { { "--data-dir", data_dir },
					 { "--socket", in->socket },
					 { "--log-level", in->log_level },
					 { "--log-format", in->log_format } };
	struct options options;
	int n = 0;

	arguments[n++] = "overlayd";
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		if (pairs[i][1]) {
			arguments[n++] = pairs[i][0];
			arguments[n++] = pairs[i][1];
		}
	arguments[n++] = "--service";
	arguments[n] = NULL;
	optind = 0; /* from the beginning */
	return options_parse(n, (char **)arguments, &options) == OPTIONS_RUN;
}

static int refuse(int status, const char *reason)
{
	fprintf(stderr, "overlayd: %s\n", reason);
	return status;
}

/* 0, 1 or 2, as of the process. */
static int make_line(const struct install *in, wchar_t **ret)
{
	_cleanup_(freep) char *program = this_program(), *data_dir = NULL;
	_cleanup_(buf_done) struct buf line = { .p = NULL };
	const char *arguments[ARGUMENTS_MAX];
	struct paths_env env = paths_env_now();
	char text[PATHS_MAX];
	wchar_t *wide;

	if (in->data_dir && !*in->data_dir)
		return refuse(2, "--data-dir: a path is missing");
	data_dir = absolute(in->data_dir ? in->data_dir : paths_data_dir(&env, text));
	if (!program || !data_dir)
		return refuse(1, "a path that is none, or too long");
	if (!put_arguments(in, data_dir, arguments))
		return 2;
	if (quote_line(&line, program, arguments + 1) < 0)
		return refuse(1, "no memory");
	wide = wide_of(line.p);
	if (!wide)
		return refuse(1, "no memory");
	*ret = wide;
	return 0;
}

/* ---- what is done ---- */

static int fail(const struct install *in, const char *what, DWORD error)
{
	fprintf(stderr, "overlayd: %s %s: error %lu%s\n", what, in->name, error,
		error == ERROR_ACCESS_DENIED               ? ", it needs an administrator"
		: error == ERROR_SERVICE_MARKED_FOR_DELETE ? ", the old one is still in use"
		: error == ERROR_SERVICE_REQUEST_TIMEOUT   ? ", it takes too long"
							   : "");
	return 1;
}

static void say_lacks(void *arg _unused_, const char *what, DWORD error)
{
	fprintf(stderr, "overlayd: this Windows does not take: %s (error %lu)\n", what, error);
}

static int start(const struct install *in, const wchar_t *name)
{
	DWORD specific = 0, error = scm_start(&scm_calls_windows, name, &specific);

	if (error == ERROR_SERVICE_SPECIFIC_ERROR) {
		fprintf(stderr, "overlayd: %s has ended: %s (%lu)\n", in->name,
			service_exit_text((enum service_exit)specific), specific);
		return 1;
	}
	if (error)
		return fail(in, "start", error);
	printf("%s runs\n", in->name);
	return 0;
}

static int install(const struct install *in, const wchar_t *name, const wchar_t *line)
{
	char display[SERVICE_NAME_MAX + 32];
	_cleanup_(freep) wchar_t *wide = NULL;
	struct scm_service service = {
		.name = name, .description = DESCRIPTION, .line = line, .delayed = in->delayed
	};
	DWORD error;

	snprintf(display, sizeof(display), "ZLayer Daemon (%s)",
		 strncmp(in->instance, "zlayer-", 7) == 0 ? in->instance + 7 : in->instance);
	service.display = wide = wide_of(display);
	error = wide ? scm_install(&scm_calls_windows, &service, say_lacks, NULL)
		     : ERROR_NOT_ENOUGH_MEMORY;
	if (error)
		return fail(in, "install", error);
	error = event_log_register(name);
	if (error)
		fprintf(stderr, "overlayd: the event log shows no texts of %s: error %lu\n",
			in->name, error);
	printf("%s is installed\n", in->name);
	return 0;
}

static int uninstall(const struct install *in, const wchar_t *name)
{
	DWORD error = scm_remove(&scm_calls_windows, name);

	if (error)
		return fail(in, "uninstall", error);
	event_log_forget(name);
	printf("%s is not installed\n", in->name);
	return 0;
}

static int run(const struct install *in, const wchar_t *name)
{
	_cleanup_(freep) wchar_t *line = NULL;
	bool was_active = false;
	int status;

	if (in->command == UNINSTALL)
		return uninstall(in, name);
	status = make_line(in, &line);
	if (status == 0 && in->command == REINSTALL) {
		was_active = scm_is_active(&scm_calls_windows, name);
		status = uninstall(in, name);
	}
	if (status == 0)
		status = install(in, name, line);
	return status == 0 && (in->start || was_active) ? start(in, name) : status;
}

int install_main(int argc, char **argv)
{
	_cleanup_(freep) wchar_t *name = NULL;
	struct install in;

	switch (parse(&in, argc, argv)) {
	case OPTIONS_RUN:
		name = wide_of(in.name);
		return name ? run(&in, name) : 1;
	case OPTIONS_DONE:
		return 0;
	case OPTIONS_WRONG:
		break;
	}
	return 2;
}
