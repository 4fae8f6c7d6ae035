/* overlay-conform: whether a codec, or a daemon, does as the contract says. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "tests/conformance/suite/codec.h"
#include "tests/conformance/suite/known.h"
#include "tests/conformance/suite/options.h"
#include "tests/conformance/suite/report.h"
#include "tests/conformance/suite/self.h"
#include "tests/conformance/suite/server.h"

enum exit_status {
	EXIT_AS_IT_MUST_BE,
	EXIT_CHECK_FAILED,
	EXIT_WRONG_INPUT, /* command line, known list or vectors */
	EXIT_NOBODY,      /* no testee, no daemon */
};

static int complain(enum exit_status status, const char *what, const char *why)
{
	fprintf(stderr, "overlay-conform: %s%s%s\n", what, *what && *why ? ": " : "", why);
	return (int)status;
}

/* The folder that was named, else the one beside this program: where it was installed or built. */
static const char *find_vectors(const char *named, char text[4096])
{
	static const char *const beside[] = { "../share/overlayd/vectors",
					      "../../tests/data/vectors" };
	char self[2048];

	if (named || self_folder(self, sizeof(self)) < 0)
		return named;
	for (size_t i = 0; i < ARRAY_SIZE(beside); i++) {
		snprintf(text, 4096, "%s/%s", self, beside[i]);
		if (access(text, R_OK) == 0)
			return text;
	}
	return NULL;
}

static int write_report(const struct options *o, const struct results *results)
{
	_cleanup_(buf_done) struct buf out = { .p = NULL };
	_cleanup_(fd_closep) int fd = -1;
	int r = 0;

	if (strcmp(o->command, "list") == 0)
		r = report_list(results, &out);
	else if (o->form == REPORT_TEXT)
		r = report_text(results, &out);
	else
		r = o->form == REPORT_JUNIT ? report_junit(results, &out)
					    : report_json(results, &out);
	if (r < 0)
		return r;
	fd = o->output ? open(o->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)
		       : dup(STDOUT_FILENO);
	for (size_t done = 0; fd >= 0 && done < out.n;) {
		ssize_t n = write(fd, out.p + done, out.n - done);

		if (n < 0 && errno != EINTR)
			return -errno;
		done += n > 0 ? (size_t)n : 0;
	}
	return fd < 0 ? -errno : 0;
}

/* What is known and what is wanted; then the report. `ran` is what came of running. */
static int conclude(const struct options *o, const struct results *results)
{
	size_t counts[VERDICT_MAX_];
	int r = write_report(o, results);

	if (r < 0)
		return complain(EXIT_WRONG_INPUT, o->output ? o->output : "report", strerror(-r));
	results_count(results, counts);
	return counts[VERDICT_FAILED] + counts[VERDICT_UNEXPECTED] > 0 ? EXIT_CHECK_FAILED
								       : EXIT_AS_IT_MUST_BE;
}

/* 0, or the exit status. */
static int choose(const struct options *o, struct results *results)
{
	_cleanup_(buf_done) struct buf fault = { .p = NULL };
	int r = o->known ? known_load(o->known, results, &fault) : 0;

	if (r < 0)
		return complain(EXIT_WRONG_INPUT, o->known, fault.n > 0 ? fault.p : strerror(-r));
	if (results_select(results, o->only, o->n_only) == 0)
		return complain(EXIT_WRONG_INPUT, "--only", "no check is called so");
	return 0;
}

static int add_codec(const struct options *o, struct codec_cases *cases, struct results *results)
{
	_cleanup_(buf_done) struct buf fault = { .p = NULL };
	char path[4096];
	const char *vectors = find_vectors(o->vectors, path);
	int r;

	results->name = "codec";
	if (!vectors)
		return complain(EXIT_WRONG_INPUT, "", "no vectors beside this program: --vectors");
	r = codec_cases_load(cases, vectors, results, &fault);
	if (r == 0)
		r = codec_add_others(results);
	return r < 0 ? complain(EXIT_WRONG_INPUT, fault.n > 0 ? fault.p : "", strerror(-r)) : 0;
}

static int run_codec(const struct options *o)
{
	const struct codec_mutation mutation = { .per_vector = o->mutants, .seed = o->seed };
	const struct testee testee = { .argv = o->testee, .timeout_ms = o->timeout_ms };
	_cleanup_(codec_cases_done) struct codec_cases cases = { .codec = o->codec };
	_cleanup_(results_done) struct results results = { .first = NULL };
	_cleanup_(buf_done) struct buf fault = { .p = NULL };
	int r = add_codec(o, &cases, &results);

	if (r == 0)
		r = choose(o, &results);
	if (r != 0)
		return r;
	r = codec_run_cases(&cases, &results, &testee, &fault);
	if (r == 0)
		r = codec_run_mutants(&cases, &results, &testee, &mutation, &fault);
	if (r < 0)
		return complain(EXIT_NOBODY, o->testee[0], fault.n > 0 ? fault.p : strerror(-r));
	return conclude(o, &results);
}

static int run_server(const struct options *o)
{
	_cleanup_(results_done) struct results results = { .first = NULL };
	_cleanup_(buf_done) struct buf fault = { .p = NULL };
	char path[4096];
	int r = server_add(o->codec, &results);

	if (r < 0)
		return complain(EXIT_WRONG_INPUT, "", strerror(-r));
	r = choose(o, &results);
	if (r != 0)
		return r;
	r = server_run(&results, o, find_vectors(o->vectors, path), &fault);
	if (r < 0)
		return complain(r == -EBUSY ? EXIT_WRONG_INPUT : EXIT_NOBODY, "", fault.p);
	return conclude(o, &results);
}

static int list(const struct options *o)
{
	const char *which = o->which ? o->which : "";
	_cleanup_(codec_cases_done) struct codec_cases cases = { .codec = o->codec };
	_cleanup_(results_done) struct results codec = { .first = NULL },
					       server = { .first = NULL };
	int r = 0;

	if (strcmp(which, "server") != 0) {
		r = add_codec(o, &cases, &codec);
		results_select(&codec, o->only, o->n_only);
		r = r == 0 ? conclude(o, &codec) : r;
	}
	if (r == 0 && strcmp(which, "codec") != 0) {
		server_add(o->codec, &server);
		results_select(&server, o->only, o->n_only);
		r = conclude(o, &server);
	}
	return r;
}

int main(int argc, char **argv)
{
	struct options o;

#ifdef SIGPIPE
	signal(SIGPIPE, SIG_IGN);
#endif
	if (options_parse(argc, argv, &o) < 0)
		return EXIT_WRONG_INPUT;
	if (o.help) {
		fputs(options_usage, stdout);
		return 0;
	}
	if (strcmp(o.command, "codec") == 0)
		return run_codec(&o);
	return strcmp(o.command, "server") == 0 ? run_server(&o) : list(&o);
}
