/* All families, one after another. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/conformance/suite/link.h"
#include "tests/conformance/suite/server.h"

static void shutdown_ends(struct trial *t, const struct server_check *check _unused_)
{
	trial_ask(t, "{\"op\":\"shutdown\"}");
	trial_want(t, OVD_RESPONSE_OK);
	trial_want_end(t);
}

static const struct server_check last[] = {
	{ "op.shutdown.ends", "The answer is ok; then the daemon ends.", "reference.md, shutdown",
	  .run = shutdown_ends, .needs = NEEDS_SHUTDOWN },
};

const struct server_family server_last = { .checks = last, .n = ARRAY_SIZE(last) };

static const struct server_family *const families[] = {
	&server_framing, &server_order,  &server_reading, &server_protobuf,
	&server_errors,  &server_shapes, &server_global,  &server_services,
	&server_peers,   &server_lines,  &server_last,
};

static bool is_about(const struct server_family *family, enum ovd_codec codec)
{
	return family->of == OF_ALL_CODECS || (family->of == OF_JSON) == (codec == OVD_CODEC_JSON);
}

int server_add(enum ovd_codec codec, struct results *results)
{
	results->name = "server";
	for (size_t i = 0; i < ARRAY_SIZE(families); i++)
		for (size_t k = 0; k < families[i]->n && is_about(families[i], codec); k++) {
			const struct server_check *check = &families[i]->checks[k];

			if (!results_add(results, check->id, check->says, check->section))
				return -ENOMEM;
		}
	return 0;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void run_one(const struct server_check *check, struct result *result,
		    const struct options *options, const char *vectors)
{
	struct trial t = { .socket = options->socket,
			   .vectors = vectors,
			   .timeout_ms = options->timeout_ms,
			   .codec = options->codec,
			   .result = result };
	uint64_t begun = now_ms();

	if (check->needs == NEEDS_SLOW && !options->slow) {
		result_skip(result, "not asked for: --slow");
		return;
	}
	if (check->needs == NEEDS_SHUTDOWN && !options->shutdown) {
		result_skip(result, "not asked for: --shutdown");
		return;
	}
	trial_begin(&t);
	check->run(&t, check);
	trial_end(&t);
	result->ms = now_ms() - begun;
}

/* Whether something runs that would be disturbed. What can't be told is found out by the checks. */
static int look(const struct options *options, struct buf *fault)
{
	struct result result = { .id = "" };
	struct trial t = { .socket = options->socket,
			   .timeout_ms = options->timeout_ms,
			   .codec = options->codec,
			   .result = &result };
	const struct ovd_status_snapshot *s;
	struct stream *stream;
	int r = link_open(options->socket, options->timeout_ms, &stream);

	if (r < 0) {
		buf_printf(fault, "%s: %s", options->socket, strerror(-r));
		return -ENOTCONN;
	}
	stream_close(stream);
	trial_begin(&t);
	trial_ask(&t, "{\"op\":\"status\"}");
	s = &trial_want(&t, OVD_RESPONSE_STATUS)->status;
	if (!options->in_use && !t.over && (s->interface.p || s->service_count > 0)) {
		buf_printf(fault, "the daemon's overlay is up; --in-use disturbs what runs there");
		r = -EBUSY;
	}
	trial_end(&t);
	return r;
}

int server_run(struct results *results, const struct options *options, const char *vectors,
	       struct buf *fault)
{
	int r = look(options, fault);

	for (size_t i = 0; i < ARRAY_SIZE(families) && r == 0; i++)
		for (size_t k = 0; k < families[i]->n && is_about(families[i], options->codec);
		     k++) {
			const struct server_check *check = &families[i]->checks[k];
			struct result *result = results_find(results, view(check->id));

			if (result->selected)
				run_one(check, result, options, vectors);
		}
	return r;
}
