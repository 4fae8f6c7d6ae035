#include "server/options.h"

#include <getopt.h>
#include <stdio.h>

#include "build_id.h"

enum {
	OPT_DATA_DIR = 256,
	OPT_SOCKET,
	OPT_LOG_LEVEL,
	OPT_LOG_FORMAT,
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
	"FORMAT]\n" COMMANDS "\n"
	"The overlay network of this node: WireGuard, bridges, addresses, NAT.\n"
	"\n"
	"  --data-dir DIR       what must not be lost: the node's key (default: " DATA_DIR_DEFAULT
	"  --socket PATH        where clients connect (default: " SOCKET_DEFAULT
	"  --log-level LEVEL    error, warn, info (default) or debug\n"
	"  --log-format FORMAT  text (default) or json\n" SERVICE
	"  --build-id           print the digest of the sources it was built from\n"
	"  --version            print the version\n"
	"  --help               print this\n"
	"\n"
	"Exit status: 0 stopped as asked, 1 could not start, 2 wrong command line.\n";

static enum options_verdict wrong(const char *option, const char *value)
{
	fprintf(stderr, "overlayd: %s: unknown value %s\n", option, value);
	return OPTIONS_WRONG;
}

static enum options_verdict take_path(const char *option, const char *value, const char **ret)
{
	if (!*value) {
		fprintf(stderr, "overlayd: %s: a path is missing\n", option);
		return OPTIONS_WRONG;
	}
	*ret = value;
	return OPTIONS_RUN;
}

static enum options_verdict take(int option, const char *value, struct options *o)
{
	switch (option) {
	case OPT_DATA_DIR:
		return take_path("--data-dir", value, &o->data_dir);
	case OPT_SOCKET:
		return take_path("--socket", value, &o->socket);
	case OPT_LOG_LEVEL:
		return log_level_parse(value, &o->log_level) < 0 ? wrong("--log-level", value)
								 : OPTIONS_RUN;
	case OPT_LOG_FORMAT:
		return log_format_parse(value, &o->log_format) < 0 ? wrong("--log-format", value)
								   : OPTIONS_RUN;
	case OPT_SERVICE: /* Windows: said by the service manager */
		return OPTIONS_RUN;
	case OPT_BUILD_ID:
		puts(BUILD_ID);
		return OPTIONS_DONE;
	case OPT_VERSION:
		puts("overlayd " BUILD_VERSION);
		return OPTIONS_DONE;
	case OPT_HELP:
		fputs(help, stdout);
		return OPTIONS_DONE;
	default:
		fprintf(stderr, "Try 'overlayd --help'.\n");
		return OPTIONS_WRONG;
	}
}

enum options_verdict options_parse(int argc, char **argv, struct options *ret)
{
	static const struct option known[] = {
		{ "data-dir", required_argument, NULL, OPT_DATA_DIR },
		{ "socket", required_argument, NULL, OPT_SOCKET },
		{ "log-level", required_argument, NULL, OPT_LOG_LEVEL },
		{ "log-format", required_argument, NULL, OPT_LOG_FORMAT },
		{ "build-id", no_argument, NULL, OPT_BUILD_ID },
		{ "version", no_argument, NULL, OPT_VERSION },
		{ "help", no_argument, NULL, OPT_HELP },
		{ "service", no_argument, NULL, OPT_SERVICE },
		{ NULL, 0, NULL, 0 },
	};
	enum options_verdict verdict = OPTIONS_RUN;
	int option;

	*ret = (struct options){ .log_level = LOG_INFO, .log_format = LOG_TEXT };
	while (verdict == OPTIONS_RUN && (option = getopt_long(argc, argv, "", known, NULL)) != -1)
		verdict = take(option, optarg, ret);
	if (verdict == OPTIONS_RUN && optind < argc) {
		fprintf(stderr, "overlayd: unexpected %s\nTry 'overlayd --help'.\n", argv[optind]);
		return OPTIONS_WRONG;
	}
	return verdict;
}
