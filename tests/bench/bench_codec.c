/* The JSON codec against serde_json with the reference's types and json-c, the protobuf codec
 * against libprotobuf-c and protoc's C++. The figures are printed and written to $B/bench/bench.md
 * and .svg. */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/util.h"
#include "tests/bench/codec.h"

#define PER_ROUND 200
#define ROUNDS    301

/* The frames of tests/data/vectors that stand for what goes over the socket. */
static const char *const names[] = {
	"request.request.status",           "response",
	"event.peer_health_changed",        "response.response.err",
	"request.request.allocate_ip",      "response.response.attached",
	"request.request.attach_container", "request.request.setup_global_overlay",
	"request.request.add_peer",         "response.response.status.peers=sixteen"
};

struct task {
	const struct codec *codec;
	void *subject;
};

static void run_decode(void *arg)
{
	const struct task *task = arg;

	task->codec->decode(task->subject, PER_ROUND);
}

static void run_encode(void *arg)
{
	const struct task *task = arg;

	task->codec->encode(task->subject, PER_ROUND);
}

/* All must write what was read: who does less work would win. */
static void check_bytes(const struct task *task, const char *body, size_t n)
{
	size_t written;
	const char *p;

	task->codec->encode(task->subject, 1);
	p = task->codec->bytes(task->subject, &written);
	if (written == n && memcmp(p, body, n) == 0)
		return;
	fprintf(stderr, "%s writes another document:\n%.*s\n%.*s\n", task->codec->name, (int)n,
		body, (int)written, p);
	exit(1);
}

static void measure(struct codec_job *job, unsigned frame, void (*run)(void *), struct task *tasks)
{
	struct bench_side sides[CODECS_MAX];

	for (unsigned c = 0; c < job->n_codecs; c++)
		sides[c] = (struct bench_side){ job->codecs[c], run, &tasks[c], PER_ROUND };
	bench_measure(sides, job->n_codecs, ROUNDS, job->ns[frame]);
	printf("  %-8s %s", job->form, job->direction);
	for (unsigned c = 0; c < job->n_codecs; c++)
		printf("  %s %.0f ns", job->codecs[c], job->ns[frame][c]);
	printf("\n");
}

/* Both directions of one form; jobs[0] is decode, jobs[1] encode. */
static void compare(struct codec_job *jobs, const struct codec *codecs, unsigned frame,
		    const char *body, size_t n)
{
	struct task tasks[CODECS_MAX];

	for (unsigned c = 0; c < jobs->n_codecs; c++) {
		tasks[c] = (struct task){ &codecs[c], codecs[c].open(body, n) };
		if (!tasks[c].subject) {
			fprintf(stderr, "%s does not read %s\n", codecs[c].name, names[frame]);
			exit(1);
		}
		check_bytes(&tasks[c], body, n);
	}
	jobs[0].bytes[frame] = jobs[1].bytes[frame] = n;
	measure(&jobs[0], frame, run_decode, tasks);
	measure(&jobs[1], frame, run_encode, tasks);
	for (unsigned c = 0; c < jobs->n_codecs; c++)
		codecs[c].close(tasks[c].subject);
}

/* Two jobs: both directions of one form. */
static void add_jobs(struct codec_report *report, const char *form, const struct codec *codecs,
		     unsigned n)
{
	struct codec_job *jobs = &report->jobs[report->n_jobs];

	jobs[0].form = jobs[1].form = form;
	jobs[0].direction = "decode";
	jobs[1].direction = "encode";
	for (unsigned c = 0; c < n; c++)
		jobs[0].codecs[c] = jobs[1].codecs[c] = codecs[c].name;
	jobs[0].n_codecs = jobs[1].n_codecs = n;
	report->n_jobs += 2;
}

/* $B/bench/FILE, from malloc. */
static char *bench_path(const char *file)
{
	const char *b = getenv("B");
	char *path = NULL;

	if (asprintf(&path, "%s/bench/%s", b ? b : "build", file) < 0)
		abort();
	return path;
}

/* How many codecs there are with the one of that shared object, if it was built. */
static unsigned add_loaded(struct codec_report *report, struct codec *codecs, unsigned n,
			   const char *object, const char *name)
{
	_cleanup_(freep) char *path = bench_path(object);

	if (codec_load(path, name, &codecs[n]) == 0)
		return n + 1;
	report->left_out[report->n_left_out++] = name;
	return n;
}

static void write_file(const struct codec_report *report, const char *name,
		       void (*write_report)(const struct codec_report *, FILE *))
{
	_cleanup_(freep) char *path = bench_path(name);
	FILE *file = fopen(path, "we");

	if (!file) {
		perror(path);
		exit(1);
	}
	write_report(report, file);
	fclose(file);
	printf("written: %s\n", path);
}

/* The body of the frame of that name, from malloc; NULL if there is none. */
static char *load(const char *name)
{
	FILE *file = fopen("tests/data/vectors/contract-0.14.jsonl", "re");
	char *line = NULL, *body = NULL;
	size_t room = 0;

	while (file && !body && getline(&line, &room, file) > 0) {
		struct json_object *record = json_tokener_parse(line);

#define FIELD(key) json_object_get_string(json_object_object_get(record, key))
		if (strcmp(FIELD("type"), "frame") == 0 && strcmp(FIELD("name"), name) == 0)
			body = strdup(FIELD("body"));
#undef FIELD
		json_object_put(record);
	}
	free(line);
	if (file)
		fclose(file);
	return body;
}

static void compare_protobuf(struct codec_report *report, const struct codec *codecs,
			     unsigned frame, const char *json)
{
	size_t n;
	char *body;

	if (report->n_jobs <= 2)
		return;
	body = codec_to_protobuf(json, strlen(json), &n);
	compare(&report->jobs[2], codecs, frame, body, n);
	free(body);
}

int main(void)
{
	struct codec_report report = { .frames = names, .n_frames = ARRAY_SIZE(names) };
	struct codec json[CODECS_MAX] = { codec_json }, protobuf[CODECS_MAX];
	unsigned n = add_loaded(&report, json, 1, "serde.so", "serde_json");

	json[n++] = codec_jsonc;
	add_jobs(&report, "JSON", json, n);
	n = codecs_protobuf(protobuf);
	if (n > 0)
		add_jobs(&report, "protobuf", protobuf,
			 add_loaded(&report, protobuf, n, "cpp.so", "protoc's C++"));
	bench_pin();
	for (unsigned i = 0; i < report.n_frames; i++) {
		char *body = load(names[i]);

		if (!body) {
			fprintf(stderr, "%s: not found\n", names[i]);
			return 1;
		}
		printf("%s, %zu bytes\n", names[i], strlen(body));
		compare(&report.jobs[0], json, i, body, strlen(body));
		compare_protobuf(&report, protobuf, i, body);
		free(body);
	}
	write_file(&report, "bench.md", codec_tables);
	write_file(&report, "bench.svg", codec_plot);
	return 0;
}
