/* Containers connected and disconnected by overlayd and by the field's own programs, each asked as
 * its users ask it: ten of them, all sides in turn on the same namespaces; N of them, one side
 * after another. Everything on one CPU. Printed, and written to $B/bench/field.md. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/number.h"
#include "runtime/util.h"
#include "tests/bench/bench.h"
#include "tests/bench/field_side.h"

#define FEW       10
#define ROUNDS    5
#define MANY      200  /* where N doesn't say */
#define MANY_MAX  1000 /* ports of one bridge: 1,023 */
#define FULL      4000 /* what is extrapolated to */
#define PEERS     50
#define BEHIND_US 200000 /* what a side leaves for the background is done by then */

struct figures {
	bool there;
	double attach, detach;           /* at ten, us */
	double first, last, gone, total; /* at N: of the first ten and the last ten, us; ms */
	double again;                    /* ms; 0: none */
};

static double compare_us(const void *a, const void *b)
{
	return *(const double *)a - *(const double *)b;
}

static int compare(const void *a, const void *b)
{
	double d = compare_us(a, b);

	return (d > 0) - (d < 0);
}

static double median(double *us, size_t n)
{
	qsort(us, n, sizeof(*us), compare);
	return us[n / 2];
}

static double timed(void (*run)(unsigned i), unsigned i)
{
	uint64_t start = bench_now();

	run(i);
	return (double)(bench_now() - start) / 1e3;
}

static bool is_there(const struct field_side *side)
{
	return !side->program || access(side->program, X_OK) == 0;
}

/* ---- ten ---- */

static void at_few(struct figures figures[SIDES])
{
	static double attach[SIDES][FEW * ROUNDS], detach[SIDES][FEW * ROUNDS];

	for (unsigned round = 0; round < ROUNDS; round++)
		for (unsigned side = 0; side < SIDES; side++) {
			if (!figures[side].there)
				continue;
			for (unsigned i = 0; i < FEW; i++)
				attach[side][round * FEW + i] = timed(field_sides[side].attach, i);
			for (unsigned i = 0; i < FEW; i++)
				detach[side][round * FEW + i] = timed(field_sides[side].detach, i);
			usleep(BEHIND_US);
		}
	for (unsigned side = 0; side < SIDES; side++) {
		figures[side].attach = median(attach[side], FEW * ROUNDS);
		figures[side].detach = median(detach[side], FEW * ROUNDS);
	}
}

/* ---- many ---- */

static void at_many(const struct field_side *side, unsigned n, struct figures *ret)
{
	double us[MANY_MAX];

	ret->total = 0;
	for (unsigned i = 0; i < n; i++) {
		us[i] = timed(side->attach, i);
		ret->total += us[i] / 1e3;
	}
	ret->first = median(us, FEW);
	ret->last = median(us + n - FEW, FEW);
	ret->again = side->again ? side->again(n, FEW) / 1e6 : 0;
	for (unsigned i = 0; i < n; i++)
		us[i] = timed(side->detach, i);
	ret->gone = median(us, FEW);
	usleep(BEHIND_US);
}

/* A straight line through the first and the last. */
static double at_full(const struct figures *f, unsigned n)
{
	return f->first + (f->last - f->first) / (n - FEW) * FULL;
}

/* ---- what is told ---- */

static _printf_(2, 3) void tell(FILE *report, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	va_start(args, format);
	vfprintf(report, format, args);
	va_end(args);
}

static FILE *open_report(void)
{
	const char *build = getenv("B") ? getenv("B") : "build";
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/bench", build);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/bench/field.md", build);
	file = fopen(path, "we");
	if (!file) {
		fprintf(stderr, "bench_field: %s can't be written\n", path);
		exit(1);
	}
	return file;
}

static void tell_missing(FILE *report, const struct figures figures[SIDES])
{
	for (unsigned side = 0; side < SIDES; side++)
		if (!figures[side].there)
			tell(report, "\n%s is skipped: package %s is not installed.\n",
			     field_sides[side].name, field_sides[side].package);
}

static void tell_few(FILE *report, const struct figures figures[SIDES])
{
	const struct figures *ours = &figures[SIDE_OVERLAYD];

	tell(report,
	     "\n### Ten containers\n\n| us | attach | | detach | |\n|---|--:|--:|--:|--:|\n");
	for (unsigned side = 0; side < SIDES; side++)
		if (figures[side].there)
			tell(report, "| %s | %.0f | **%.1f** | %.0f | **%.1f** |\n",
			     field_sides[side].name, figures[side].attach,
			     figures[side].attach / ours->attach, figures[side].detach,
			     figures[side].detach / ours->detach);
}

static void tell_many(FILE *report, const struct figures figures[SIDES], unsigned n)
{
	const struct figures *ours = &figures[SIDE_OVERLAYD];

	tell(report,
	     "\n### %u containers\n\n| | attach the last, us | | all %u, ms | | detach the first, "
	     "us "
	     "| | after a crash, ms |\n|---|--:|--:|--:|--:|--:|--:|--:|\n",
	     n, n);
	for (unsigned side = 0; side < SIDES; side++) {
		const struct figures *f = &figures[side];
		char again[32] = "";

		if (!f->there)
			continue;
		if (f->again > 0)
			snprintf(again, sizeof(again), "%.0f", f->again);
		tell(report, "| %s | %.0f | **%.1f** | %.0f | **%.1f** | %.0f | **%.1f** | %s |\n",
		     field_sides[side].name, f->last, f->last / ours->last, f->total,
		     f->total / ours->total, f->gone, f->gone / ours->gone, again);
	}
	tell(report,
	     "\nAttach at %u, extrapolated in a straight line from the first and the last ten",
	     FULL);
	for (unsigned side = 0; side < SIDES; side++)
		if (figures[side].there)
			tell(report, "%s %s %.0f us", side == 0 ? ":" : ",", field_sides[side].name,
			     at_full(&figures[side], n));
	tell(report, ".\n");
}

/* ---- peers ---- */

static void at_peers(FILE *report)
{
	double us[2][2][PEERS];

	if (!field_has_wg()) {
		tell(report, "\nwg is skipped: package wireguard-tools is not installed.\n");
		return;
	}
	for (unsigned add = 2; add-- > 0;)
		for (unsigned i = 0; i < PEERS; i++) {
			uint64_t start = bench_now(), then;

			field_peer(i, add);
			then = bench_now();
			field_wg_peer(i, add);
			us[0][add][i] = (double)(then - start) / 1e3;
			us[1][add][i] = (double)(bench_now() - then) / 1e3;
		}
	tell(report,
	     "\n### Peers, one by one\n\n| us | add | | remove | |\n|---|--:|--:|--:|--:|\n");
	for (unsigned side = 0; side < 2; side++) {
		double add = median(us[side][1], PEERS), remove = median(us[side][0], PEERS);

		tell(report, "| %s | %.0f | **%.1f** | %.0f | **%.1f** |\n",
		     side == 0 ? "overlayd" : "wg set", add, add / median(us[0][1], PEERS), remove,
		     remove / median(us[0][0], PEERS));
	}
}

static unsigned how_many(void)
{
	const char *text = getenv("N");
	uint64_t n;

	if (!text || u64_parse(view(text), MANY_MAX, &n) < 0 || n < 2 * FEW)
		return MANY;
	return (unsigned)n;
}

int main(void)
{
	struct figures figures[SIDES] = { 0 };
	unsigned n = how_many();
	FILE *report = open_report();

	bench_pin();
	if (!field_begin(n))
		return 0;
	for (unsigned side = 0; side < SIDES; side++)
		figures[side].there = is_there(&field_sides[side]);
	at_few(figures);
	for (unsigned side = 0; side < SIDES; side++)
		if (figures[side].there)
			at_many(&field_sides[side], n, &figures[side]);
	tell_few(report, figures);
	tell_many(report, figures, n);
	at_peers(report);
	tell_missing(report, figures);
	fclose(report);
	field_end();
	return 0;
}
