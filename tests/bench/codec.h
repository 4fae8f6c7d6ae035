/* Codecs to compare: each reads and writes one document as often as it is told to. */
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "tests/bench/bench.h"

/* A subject is one document in one codec's hands. */
struct codec {
	const char *name;

	/* Copies p[0..n) and decodes it. NULL if it doesn't decode. */
	void *(*open)(const char *p, size_t n);
	void (*decode)(void *subject, unsigned times);
	void (*encode)(void *subject, unsigned times);

	/* What encode wrote last; the subject's own. */
	const char *(*bytes)(const void *subject, size_t *ret_n);
	void (*close)(void *subject);
};

extern const struct codec codec_json;
extern const struct codec codec_jsonc;

/* Ours and libprotobuf-c: how many; 0 if this is built without protobuf. */
unsigned codecs_protobuf(struct codec *ret);

/* The codec in a shared object, whose functions are codec_open, codec_decode and so on; it stays
 * loaded. -ENOENT if it isn't there or lacks one of them. */
int codec_load(const char *path, const char *name, struct codec *ret);

/* The document in protobuf, from malloc. */
char *codec_to_protobuf(const char *json, size_t n, size_t *ret_n);

#define CODECS_MAX 4
#define FRAMES_MAX 16

/* What was measured of one job: ns[f][c] for frame f and codec c; codec 0 is ours. */
struct codec_job {
	const char *form;
	const char *direction;
	const char *codecs[CODECS_MAX];
	unsigned n_codecs;
	size_t bytes[FRAMES_MAX];
	double ns[FRAMES_MAX][CODECS_MAX];
};

struct codec_report {
	const char *const *frames;
	unsigned n_frames;
	struct codec_job jobs[4];
	unsigned n_jobs;
	const char *left_out[CODECS_MAX]; /* not built on this machine */
	unsigned n_left_out;
};

/* How many times as long as ours the codec takes; the geometric mean of it for f == n_frames. */
double codec_ratio(const struct codec_report *report, const struct codec_job *job, unsigned f,
		   unsigned c);

/* Writes the figures as Markdown. */
void codec_tables(const struct codec_report *report, FILE *out);

/* Writes the ratios as bars, in SVG that is readable on light and on dark. */
void codec_plot(const struct codec_report *report, FILE *out);
