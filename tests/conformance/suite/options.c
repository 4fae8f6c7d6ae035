#include "tests/conformance/suite/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "runtime/number.h"

const char options_usage[] =
	"usage: overlay-conform codec [OPTIONS] -- TESTEE...\n"
	"       overlay-conform server --socket PATH [OPTIONS]\n"
	"       overlay-conform list [codec|server] [OPTIONS]\n"
	"\n"
	"codec: whether a program decodes and encodes as the contract says: TESTEE --type TYPE "
	"reads\n"
	"bodies and writes answers. server: whether a daemon does as the contract says; it changes "
	"the\n"
	"daemon's network. list: all checks and what each of them checks.\n"
	"\n"
	"  --only PATTERN     checks whose id matches, as in 'framing.*'; may be given often\n"
	"  --known FILE       checks that are known to fail: id, blank, reason; one a line\n"
	"  --report FORM      text (default), junit or json\n"
	"  --output FILE      where the report goes (default: standard output)\n"
	"  --timeout SECONDS  longest wait for one answer (default: 10)\n"
	"  --vectors DIR      the contract's vectors (default: beside this program)\n"
	"  --codec CODEC      the form of bodies: json (default) or protobuf\n"
	"codec:\n"
	"  --mutants N        changed bodies for each vector of the newest line (default: 20)\n"
	"  --seed N           another choice of changes (default: 1)\n"
	"server:\n"
	"  --slow             also checks that wait for the daemon's own time limits\n"
	"  --shutdown         also the check that ends the daemon, last\n"
	"  --in-use           also a daemon whose overlay is up: what runs there is disturbed\n"
	"\n"
	"Exit status: 0 all is as it must be, 1 a check failed or passed unexpectedly, 2 wrong "
	"command\n"
	"line, list or vectors, 3 there is no testee or no daemon.\n";

enum {
	ONLY = 256,
	KNOWN,
	REPORT,
	OUTPUT,
	TIMEOUT,
	VECTORS,
	CODEC,
	MUTANTS,
	SEED,
	SOCKET,
	SLOW,
	SHUTDOWN,
	IN_USE,
	HELP
};

static const struct option long_options[] = {
	{ "only", required_argument, NULL, ONLY },
	{ "known", required_argument, NULL, KNOWN },
	{ "report", required_argument, NULL, REPORT },
	{ "output", required_argument, NULL, OUTPUT },
	{ "timeout", required_argument, NULL, TIMEOUT },
	{ "vectors", required_argument, NULL, VECTORS },
	{ "codec", required_argument, NULL, CODEC },
	{ "mutants", required_argument, NULL, MUTANTS },
	{ "seed", required_argument, NULL, SEED },
	{ "socket", required_argument, NULL, SOCKET },
	{ "slow", no_argument, NULL, SLOW },
	{ "shutdown", no_argument, NULL, SHUTDOWN },
	{ "in-use", no_argument, NULL, IN_USE },
	{ "help", no_argument, NULL, HELP },
	{ NULL, 0, NULL, 0 },
};

static int wrong(const char *what, const char *value)
{
	fprintf(stderr, "overlay-conform: %s%s\nTry overlay-conform --help.\n", what, value);
	return -EINVAL;
}

static int parse_form(const char *text, enum report_form *ret)
{
	static const char *const names[] = {
		[REPORT_TEXT] = "text", [REPORT_JUNIT] = "junit", [REPORT_JSON] = "json"
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(names[i], text) == 0) {
			*ret = (enum report_form)i;
			return 0;
		}
	return wrong("--report: text, junit or json, not ", text);
}

static int parse_number(const char *text, uint64_t least, uint64_t most, uint64_t *ret)
{
	uint64_t value;

	if (u64_parse(view(text), most, &value) < 0 || value < least)
		return wrong("no number that is allowed here: ", text);
	*ret = value;
	return 0;
}

static int take_number(int option, struct options *o)
{
	uint64_t value = 0;
	int r;

	if (option == TIMEOUT) {
		r = parse_number(optarg, 1, 3600, &value);
		o->timeout_ms = (unsigned)value * 1000;
		return r;
	}
	if (option == SEED)
		return parse_number(optarg, 1, UINT64_MAX, &o->seed);
	r = parse_number(optarg, 0, 10000, &value);
	o->mutants = (unsigned)value;
	return r;
}

static int parse_codec(const char *text, enum ovd_codec *ret)
{
	enum ovd_codec codec;

	if (codec_parse(view(text), &codec) < 0)
		return wrong("--codec: json or protobuf, not ", text);
	if (!codec_is_built(codec))
		return wrong("this overlay-conform was built without ", text);
	*ret = codec;
	return 0;
}

static int take(int option, const char *word, struct options *o)
{
	switch (option) {
	case ONLY:
		if (o->n_only == PATTERNS_MAX)
			return wrong("too many patterns", "");
		o->only[o->n_only++] = optarg;
		return 0;
	case KNOWN:
		o->known = optarg;
		return 0;
	case REPORT:
		return parse_form(optarg, &o->form);
	case OUTPUT:
		o->output = optarg;
		return 0;
	case CODEC:
		return parse_codec(optarg, &o->codec);
	case VECTORS:
		o->vectors = optarg;
		return 0;
	case SOCKET:
		o->socket = optarg;
		return 0;
	case TIMEOUT:
	case MUTANTS:
	case SEED:
		return take_number(option, o);
	case SLOW:
		o->slow = true;
		return 0;
	case SHUTDOWN:
		o->shutdown = true;
		return 0;
	case IN_USE:
		o->in_use = true;
		return 0;
	case 'h':
	case HELP:
		o->help = true;
		return 0;
	case ':':
		return wrong("a value is missing behind ", word);
	default:
		return wrong("not understood: ", word);
	}
}

static int check(const struct options *o, int n_rest)
{
	if (o->help)
		return 0;
	if (!o->command)
		return wrong("codec, server or list?", "");
	if (strcmp(o->command, "codec") == 0)
		return n_rest > 0 ? 0 : wrong("codec: which program is to be checked?", "");
	if (strcmp(o->command, "server") == 0 && !o->socket)
		return wrong("server: --socket is missing", "");
	if (o->which && strcmp(o->which, "codec") != 0 && strcmp(o->which, "server") != 0)
		return wrong("list: codec or server, not ", o->which);
	if (n_rest > 0)
		return wrong("what is this: ", *o->testee);
	return 0;
}

static bool is_command(const char *word)
{
	return strcmp(word, "codec") == 0 || strcmp(word, "server") == 0 ||
	       strcmp(word, "list") == 0;
}

int options_parse(int argc, char **argv, struct options *ret)
{
	struct options o = { .timeout_ms = 10000, .mutants = 20, .seed = 1 };
	int option;

	if (argc > 1 && argv[1][0] != '-') {
		if (!is_command(argv[1]))
			return wrong("no such command: ", argv[1]);
		o.command = argv[1];
		argc--;
		argv++;
	}
	if (o.command && strcmp(o.command, "list") == 0 && argc > 1 && argv[1][0] != '-') {
		o.which = argv[1];
		argc--;
		argv++;
	}
	while ((option = getopt_long(argc, argv, "+:h", long_options, NULL)) != -1)
		if (take(option, argv[optind - 1], &o) < 0)
			return -EINVAL;
	o.testee = (const char *const *)argv + optind;
	if (check(&o, argc - optind) < 0)
		return -EINVAL;
	*ret = o;
	return 0;
}
