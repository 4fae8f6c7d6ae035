#include "tests/bench/codec.h"

#define WIDTH  900
#define LEFT   300 /* where bars begin */
#define RIGHT  60  /* room for the figure behind the longest */
#define BAR    11
#define GAP    8  /* between frames */
#define HEAD   62 /* of a job: title and legend */
#define MARGIN 16

static double longest(const struct codec_report *report, const struct codec_job *job)
{
	double most = 1;

	for (unsigned f = 0; f < report->n_frames; f++)
		for (unsigned c = 1; c < job->n_codecs; c++)
			if (codec_ratio(report, job, f, c) > most)
				most = codec_ratio(report, job, f, c);
	return most;
}

static unsigned row_height(const struct codec_job *job)
{
	return (job->n_codecs - 1) * BAR + GAP;
}

static unsigned job_height(const struct codec_report *report, const struct codec_job *job)
{
	return HEAD + (report->n_frames + 1) * row_height(job) + MARGIN;
}

static void plot_legend(const struct codec_job *job, unsigned y, FILE *out)
{
	for (unsigned c = 1; c < job->n_codecs; c++) {
		unsigned x = LEFT + (c - 1) * 150;

		fprintf(out,
			"<rect class='c%u' x='%u' y='%u' width='10' height='10'/>"
			"<text x='%u' y='%u'>%s</text>\n",
			c, x, y - 9, x + 15, y, job->codecs[c]);
	}
}

static void plot_row(const struct codec_report *report, const struct codec_job *job, unsigned f,
		     unsigned y, double scale, FILE *out)
{
	fprintf(out, "<text x='%u' y='%u' text-anchor='end'%s>%s</text>\n", LEFT - 8,
		y + (job->n_codecs - 1) * BAR / 2 + 4, f == report->n_frames ? " class='head'" : "",
		f == report->n_frames ? "geometric mean" : report->frames[f]);
	for (unsigned c = 1; c < job->n_codecs; c++, y += BAR) {
		double ratio = codec_ratio(report, job, f, c);

		fprintf(out,
			"<rect class='c%u' x='%u' y='%u' width='%.1f' height='%u'/>"
			"<text class='small' x='%.1f' y='%u'>%.1f</text>\n",
			c, LEFT, y, ratio * scale, BAR - 1, LEFT + ratio * scale + 4, y + BAR - 2,
			ratio);
	}
}

static void plot_job(const struct codec_report *report, const struct codec_job *job, unsigned y,
		     FILE *out)
{
	double scale = (WIDTH - LEFT - RIGHT) / longest(report, job);
	unsigned top = y + HEAD, height = row_height(job) * (report->n_frames + 1);

	fprintf(out,
		"<text class='head' x='%d' y='%u'>%s %s: times as long as ours (dashed)</text>\n",
		MARGIN, y + 20, job->form, job->direction);
	plot_legend(job, y + 44, out);
	for (unsigned f = 0; f <= report->n_frames; f++)
		plot_row(report, job, f, top + f * row_height(job), scale, out);
	fprintf(out, "<path class='one' d='M%.1f %uv%u'/>\n", LEFT + scale, top - 4, height);
}

void codec_plot(const struct codec_report *report, FILE *out)
{
	unsigned height = MARGIN, y = MARGIN;

	for (unsigned j = 0; j < report->n_jobs; j++)
		height += job_height(report, &report->jobs[j]);
	fprintf(out,
		"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %d %u' width='%d'>\n"
		"<style>\n"
		"text { font: 12px sans-serif; fill: #24292f }\n"
		".head { font-weight: bold }\n.small { font-size: 10px }\n"
		".c1 { fill: #c2571a }\n.c2 { fill: #2f74c0 }\n.c3 { fill: #4d8f3c }\n"
		".one { stroke: #888; stroke-dasharray: 3 3 }\n"
		"@media (prefers-color-scheme: dark) { text { fill: #d0d7de } }\n"
		"</style>\n",
		WIDTH, height, WIDTH);
	for (unsigned j = 0; j < report->n_jobs; j++) {
		plot_job(report, &report->jobs[j], y, out);
		y += job_height(report, &report->jobs[j]);
	}
	fprintf(out, "</svg>\n");
}
