#include "server/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "build_id.h"

enum {
	OPT_DATA_DIR = 256,
	OPT_SOCKET,
	OPT_LOG_LEVEL,
	OPT_LOG_FORMAT,
	OPT_ON_TERM,
	OPT_LOG_FORWARD,
	OPT_LOG_FORWARD_DIR,
	OPT_LOG_FORWARD_FORMAT,
	OPT_BUILD_ID,
	OPT_VERSION,
	OPT_HELP,
	OPT_SERVICE
};

#ifdef _WIN32
#define DATA_DIR_DEFAULT "$ZLAYER_DATA_DIR,\n                       %ProgramData%\\ZLayer)\n"
#define SOCKET_DEFAULT   "\\\\.\\pipe\\zlayer-overlayd)\n"
#define COMMANDS         "       overlayd install | reinstall | uninstall [OPTIONS]\n"
#define SERVICE                                                                                    \
	"  --service            run under the service manager, which alone starts it so;\n"        \
	"                       'overlayd install --help' tells of the service\n"
#else
#define COMMANDS
#define SERVICE
#define DATA_DIR_DEFAULT                                                                           \
	"$ZLAYER_DATA_DIR,\n                       /var/lib/zlayer for root, ~/.zlayer for "       \
	"others)\n"
#define SOCKET_DEFAULT                                                                             \
	"/var/run/zlayer-overlayd.sock for the\n"                                                  \
	"                       default data dir, else DIR/run/zlayer-overlayd.sock)\n"
#endif

static const char help[] =
	"usage: overlayd [--data-dir DIR] [--socket PATH] [--log-level LEVEL] [--log-format "
	"FORMAT]\n"
	"                [--log-forward ADDRESS [--log-forward-dir DIR] [--log-forward-format "
	"FORMAT]]\n"
	"                [--on-term down|keep]\n" COMMANDS "\n"
	"The overlay network of this node: WireGuard, bridges, addresses, NAT.\n"
	"\n"
	"  --data-dir DIR       what must not be lost: key, services, peers (default: " DATA_DIR_DEFAULT
	"  --socket PATH        where clients connect (default: " SOCKET_DEFAULT
	"  --log-level LEVEL    error, warn, info (default) or debug\n"
	"  --log-format FORMAT  text (default) or json\n"
	"  --on-term WHAT       what SIGTERM and SIGINT do to the network: down (default) takes "
	"the\n"
	"                       tunnel, the rules and changed settings back, keep leaves all in\n"
	"                       place for the next overlayd, which SIGUSR2 always does\n"
	"  --log-forward ADDRESS\n"
	"                       take the logs of virtual machines: vsock:PORT; unix:PATH and\n"
	"                       tcp:127.0.0.1:PORT for tests\n"
	"  --log-forward-dir DIR\n"
	"                       where gcs-forward.log goes (default: where the log is)\n"
	"  --log-forward-format FORMAT\n"
	"                       raw (default), or json: an object a line, in "
	"gcs-forward.jsonl\n" SERVICE
	"  --build-id           print the digest of the sources it was built from\n"
	"  --version            print the version\n"
	"  --help, -h           print this\n"
	"\n"
	"Exit status: 0 stopped, the network taken down; 1 could not start; 2 wrong command line;\n"
	"3 stopped, everything left in place; 4 stopped, not all could be taken down.\n";

#define LEVELS    "expected error, warn, info or debug"
#define FORMATS   "expected text or json"
#define FORWARDED "expected raw or json"
#define ADDRESSES "expected vsock:PORT, unix:PATH or tcp:127.0.0.1:PORT"

static enum options_verdict wrong(const char *what, const char *why)
{
	fprintf(stderr, "overlayd: %s: %s; try 'overlayd --help'\n", what, why);
	return OPTIONS_WRONG;
}

/* getopt's own complaint begins with whatever path the program was called by. */
static enum options_verdict not_taken(int answer, char *word)
{
	char letter[] = { '-', (char)optopt, '\0' };

	if (optopt > 0 && optopt < OPT_DATA_DIR)
		return wrong(letter, "unknown option");
	if (answer == ':')
		return wrong(word, "its value is missing");
	return wrong(word, optopt ? "takes no value" : "unknown option");
}

static enum options_verdict bad_value(const char *option, const char *value, const char *why)
{
	fprintf(stderr, "overlayd: %s %s: %s; try 'overlayd --help'\n", option, value, why);
	return OPTIONS_WRONG;
}

static enum options_verdict take_path(const char *option, const char *value, const char **ret)
{
	if (!*value)
		return wrong(option, "a path is missing");
	*ret = value;
	return OPTIONS_RUN;
}

static enum options_verdict take_on_term(const char *value, struct options *o)
{
	o->keep_on_term = strcmp(value, "keep") == 0;
	return o->keep_on_term || strcmp(value, "down") == 0
		       ? OPTIONS_RUN
		       : bad_value("--on-term", value, "expected down or keep");
}

static enum options_verdict take_address(const char *option, const char *value, const char **ret)
{
	struct transport_address address;

	if (transport_address_parse(value, &address) < 0)
		return bad_value(option, value, ADDRESSES);
	*ret = value;
	return OPTIONS_RUN;
}

static enum options_verdict take(int option, const char *value, char *word, struct options *o)
{
	switch (option) {
	case OPT_DATA_DIR:
		return take_path("--data-dir", value, &o->data_dir);
	case OPT_SOCKET:
		return take_path("--socket", value, &o->socket);
	case OPT_LOG_LEVEL:
		return log_level_parse(value, &o->log_level) < 0
			       ? bad_value("--log-level", value, LEVELS)
			       : OPTIONS_RUN;
	case OPT_LOG_FORMAT:
		return log_format_parse(value, &o->log_format) < 0
			       ? bad_value("--log-format", value, FORMATS)
			       : OPTIONS_RUN;
	case OPT_ON_TERM:
		return take_on_term(value, o);
	case OPT_LOG_FORWARD:
		return take_address("--log-forward", value, &o->log_forward);
	case OPT_LOG_FORWARD_DIR:
		return take_path("--log-forward-dir", value, &o->log_forward_dir);
	case OPT_LOG_FORWARD_FORMAT:
		return log_forward_format_parse(value, &o->log_forward_format) < 0
			       ? bad_value("--log-forward-format", value, FORWARDED)
			       : OPTIONS_RUN;
	case OPT_SERVICE: /* Windows: said by the service manager */
		return OPTIONS_RUN;
	case OPT_BUILD_ID:
		puts(BUILD_ID);
		return OPTIONS_DONE;
	case OPT_VERSION:
		puts("overlayd " BUILD_VERSION);
		return OPTIONS_DONE;
	case 'h':
	case OPT_HELP:
		fputs(help, stdout);
		return OPTIONS_DONE;
	default:
		return not_taken(option, word);
	}
}

enum options_verdict options_parse(int argc, char **argv, struct options *ret)
{
	static const struct option known[] = {
		{ "data-dir", required_argument, NULL, OPT_DATA_DIR },
		{ "socket", required_argument, NULL, OPT_SOCKET },
		{ "log-level", required_argument, NULL, OPT_LOG_LEVEL },
		{ "log-format", required_argument, NULL, OPT_LOG_FORMAT },
		{ "on-term", required_argument, NULL, OPT_ON_TERM },
		{ "log-forward", required_argument, NULL, OPT_LOG_FORWARD },
		{ "log-forward-dir", required_argument, NULL, OPT_LOG_FORWARD_DIR },
		{ "log-forward-format", required_argument, NULL, OPT_LOG_FORWARD_FORMAT },
		{ "build-id", no_argument, NULL, OPT_BUILD_ID },
		{ "version", no_argument, NULL, OPT_VERSION },
		{ "help", no_argument, NULL, OPT_HELP },
		{ "service", no_argument, NULL, OPT_SERVICE },
		{ NULL, 0, NULL, 0 },
	};
	enum options_verdict verdict = OPTIONS_RUN;
	int option;

	*ret = (struct options){ .log_level = LOG_INFO, .log_format = LOG_TEXT };
	while (verdict == OPTIONS_RUN &&
	       (option = getopt_long(argc, argv, ":h", known, NULL)) != -1)
		verdict = take(option, optarg, argv[optind - 1], ret);
	if (verdict == OPTIONS_RUN && optind < argc)
		return wrong(argv[optind], "unexpected");
	return verdict;
}
