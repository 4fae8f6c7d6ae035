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
	"usage: overlayd install [OPTIONS]    create the service, or change it\n"
	"       overlayd reinstall [OPTIONS]  delete it and create it anew; one that ran runs "
	"again\n"
	"       overlayd uninstall [--instance NAME]\n"
	"\n"
	"  --instance NAME      which one, if there are several (default: zlayer-overlayd, whose\n"
	"                       service is ZLayerDaemon-Overlayd)\n"
	"  --delayed            let Windows start it two minutes after the others, not with them\n"
	"  --start              start it now, and wait until it serves\n"
	"  --help               print this\n"
	"\n"
	"All other options are the daemon's, which the service is started with.\n"
	"Exit status: 0 done, 1 failed, 2 wrong command line. An administrator may do it.\n";

enum command { INSTALL, REINSTALL, UNINSTALL, COMMANDS };

static const char *const command_names[COMMANDS] = { "install", "reinstall", "uninstall" };

struct install {
	enum command command;
	const char *instance;
	const char *data_dir; /* NULL: the default */
	bool delayed, start, help;
	char **rest; /* the daemon's options, NULL at the end */
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

/* --name VALUE or --name=VALUE, at *argument. Without a value it is "". */
static bool take_value(char ***argument, const char *name, const char **ret)
{
	const char *text = **argument;
	size_t n = strlen(name);

	if (strncmp(text, name, n) != 0 || (text[n] && text[n] != '='))
		return false;
	if (text[n])
		*ret = text + n + 1;
	else if ((*argument)[1])
		*ret = *++*argument;
	else
		*ret = "";
	return true;
}

static bool take_flag(char **argument, const char *name, bool *ret)
{
	if (strcmp(*argument, name) != 0)
		return false;
	*ret = true;
	return true;
}

static int refuse(int status, const char *reason)
{
	fprintf(stderr, "overlayd: %s\n", reason);
	return status;
}

/* 0 or 2, as of the process. What is not ours goes to the front of argv. */
static int parse(struct install *in, int argc, char **argv)
{
	char **kept = argv;

	*in = (struct install){ .command = find_command(argc, argv),
				.instance = SERVICE_INSTANCE,
				.rest = argv };
	for (char **a = argv + 2; *a; a++)
		if (!take_value(&a, "--instance", &in->instance) &&
		    !take_value(&a, "--data-dir", &in->data_dir) &&
		    !take_flag(a, "--delayed", &in->delayed) &&
		    !take_flag(a, "--start", &in->start) && !take_flag(a, "--help", &in->help))
			*kept++ = *a;
	*kept = NULL;
	if (in->command == UNINSTALL && (*in->rest || in->data_dir || in->delayed || in->start))
		return refuse(2, "uninstall: takes --instance alone");
	if (in->data_dir && !*in->data_dir)
		return refuse(2, "--data-dir: a path is missing");
	if (service_name(in->instance, in->name) < 0)
		return refuse(2, "--instance: no name for a service");
	return 0;
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

/* What is wrong with them is said here, where somebody reads it. */
static int check_arguments(int argc, char **argv)
{
	struct options options;

	optind = 0; /* from the beginning */
	return options_parse(argc, argv, &options) == OPTIONS_RUN ? 0 : 2;
}

/* The process's own name, NULL at the end. */
static char **put_arguments(const struct install *in, char *data_dir, int *ret_n)
{
	char **arguments;
	int n = 0;

	while (in->rest[n])
		n++;
	arguments = calloc((size_t)n + 5, sizeof(*arguments));
	if (!arguments)
		return NULL;
	memcpy(arguments + 4, in->rest, (size_t)n * sizeof(*arguments));
	arguments[0] = (char *)"overlayd";
	arguments[1] = (char *)"--data-dir";
	arguments[2] = data_dir;
	arguments[3] =
		(char *)"--service"; /* not last: an option without its value would take it */
	*ret_n = n + 4;
	return arguments;
}

/* 0, 1 or 2, as of the process. */
static int make_line(const struct install *in, wchar_t **ret)
{
	_cleanup_(freep) char *program = this_program(), *data_dir = NULL;
	_cleanup_(buf_done) struct buf line = { .p = NULL };
	_cleanup_(freep) char **arguments = NULL;
	struct paths_env env = paths_env_now();
	char text[PATHS_MAX];
	int n, status;

	data_dir = absolute(in->data_dir ? in->data_dir : paths_data_dir(&env, text));
	if (!program || !data_dir)
		return refuse(1, "a path that is none, or too long");
	arguments = put_arguments(in, data_dir, &n);
	if (!arguments || quote_line(&line, program, (const char *const *)arguments + 1) < 0)
		return refuse(1, "no memory");
	status = check_arguments(n, arguments);
	if (status == 0)
		*ret = wide_of(line.p);
	return status == 0 && !*ret ? refuse(1, "no memory") : status;
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
	int status = parse(&in, argc, argv);

	if (status)
		return status;
	if (in.help) {
		fputs(help, stdout);
		return 0;
	}
	name = wide_of(in.name);
	return name ? run(&in, name) : refuse(1, "no memory");
}
