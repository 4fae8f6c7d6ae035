#include <math.h>
#include <string.h>

#include "tests/bench/codec.h"

static double ratio(const struct codec_job *job, unsigned f, unsigned c)
{
	return job->ns[f][c] / job->ns[f][0];
}

double codec_ratio(const struct codec_report *report, const struct codec_job *job, unsigned f,
		   unsigned c)
{
	double sum = 0;

	if (f < report->n_frames)
		return ratio(job, f, c);
	for (unsigned i = 0; i < report->n_frames; i++)
		sum += log(ratio(job, i, c));
	return exp(sum / report->n_frames);
}

/* What /proc/cpuinfo calls the processor. */
static void print_processor(FILE *out)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, "model name", 10) == 0 && strchr(line, ':')) {
			line[strcspn(line, "\n")] = '\0';
			fprintf(out, "%s, ", strchr(line, ':') + 2);
			break;
		}
	if (file)
		fclose(file);
}

static void print_head(const struct codec_report *report, FILE *out)
{
	fprintf(out,
		"# How fast it is\n\n## The codec\n\nBy `make bench`: nanoseconds for one frame, "
		"and in "
		"bold "
		"how many times as long as ours the other\ntakes. All run in turn in one process "
		"on one CPU; each figure is a median. All read and write the\nsame bytes.\n\n");
	print_processor(out);
	fprintf(out, "gcc %s\n\n", __VERSION__);
	fprintf(out,
		"* ours: checked, into structs, memory kept; JSON text stays where it is\n"
		"* serde_json: with the types of the crate zlayer-types 0.14.3; release, LTO; "
		"writes "
		"into a kept `Vec`\n"
		"* json-c: into its tree of objects and from there\n"
		"* libprotobuf-c: its unpack and pack, with its own structs and no check of text\n"
		"* protoc's C++: into a message that is kept, with its memory\n\n");
	for (unsigned i = 0; i < report->n_left_out; i++)
		fprintf(out, "Left out, as it could not be built: %s.\n\n", report->left_out[i]);
	fprintf(out, "![The ratios as bars](bench.svg)\n");
}

static void print_row(const struct codec_report *report, const struct codec_job *job, unsigned f,
		      FILE *out)
{
	if (f < report->n_frames)
		fprintf(out, "| `%s` | %zu | %.0f |", report->frames[f], job->bytes[f],
			job->ns[f][0]);
	else
		fprintf(out, "| geometric mean | | |");
	for (unsigned c = 1; c < job->n_codecs; c++) {
		if (f < report->n_frames)
			fprintf(out, " %.0f", job->ns[f][c]);
		fprintf(out, " | **%.1f** |", codec_ratio(report, job, f, c));
	}
	fprintf(out, "\n");
}

void codec_tables(const struct codec_report *report, FILE *out)
{
	print_head(report, out);
	for (unsigned j = 0; j < report->n_jobs; j++) {
		const struct codec_job *job = &report->jobs[j];

		fprintf(out, "\n### %s %s\n\n| frame | bytes | ours |", job->form, job->direction);
		for (unsigned c = 1; c < job->n_codecs; c++)
			fprintf(out, " %s | |", job->codecs[c]);
		fprintf(out, "\n|---|--:|--:|");
		for (unsigned c = 1; c < job->n_codecs; c++)
			fprintf(out, "--:|--:|");
		fprintf(out, "\n");
		for (unsigned f = 0; f <= report->n_frames; f++)
			print_row(report, job, f, out);
	}
}
