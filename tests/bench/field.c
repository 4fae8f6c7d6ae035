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
#define MANY      200 /* where N doesn't say */
#define MANY_MAX  970 /* one bridge of ours; theirs has 1,023 ports */
#define PEERS     50
#define BEHIND_US 200000 /* what a side leaves for the background is done by then */

struct figures {
	bool there;
	double attach, detach;           /* at ten, us */
	double first, last, gone, total; /* at N: of its first and last quarter, us; ms */
	double again;                    /* ms; 0: none */
};

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
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

	usleep(5 * BEHIND_US);
	ret->total = 0;
	for (unsigned i = 0; i < n; i++) {
		us[i] = timed(side->attach, i);
		ret->total += us[i] / 1e3;
	}
	ret->first = median(us, n / 4);
	ret->last = median(us + n - n / 4, n / 4);
	ret->again = side->again ? side->again(n, FEW) / 1e6 : 0;
	for (unsigned i = 0; i < n; i++)
		us[i] = timed(side->detach, i);
	ret->gone = median(us, n / 4);
	usleep(BEHIND_US);
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

static void tell_missing(FILE *report, const struct figures figures[SIDES])
{
	for (unsigned side = 0; side < SIDES; side++)
		if (!figures[side].there)
			tell(report, "\n%s is skipped: package %s is not installed.\n",
			     field_sides[side].name, field_sides[side].package);
}

static void tell_head(FILE *report, unsigned n)
{
	tell(report,
	     "\n## Beside other programs of its kind\n\n"
	     "By `make bench-field N=%u`: a container's namespace connected and disconnected, each "
	     "program asked\nas its users ask it, on one CPU, medians of single operations; in "
	     "bold "
	     "how many times as long as\noverlayd the other takes. Ten containers: all in turn on "
	     "the "
	     "same namespaces. %u: one program after\nanother.\n\n"
	     "* overlayd: over a connection that is kept; overlayctl: a process each time\n"
	     "* ip: two processes, `ip -batch`; addresses are given, nothing is remembered or "
	     "masqueraded\n"
	     "* CNI bridge: the plugin with host-local; after a crash: `CHECK` of each container\n"
	     "* netavark: its caller has chosen the address; with iptables\n"
	     "* overlayd after a crash: kill -9, until the next one answers\n"
	     "* overlayd's detach answers when the traffic is cut, and the kernel deletes the link "
	     "later;\n  the others wait for that\n"
	     "\nFour thousand are no row here: one bridge has 1,023 ports, and the plugin knows "
	     "one.\n",
	     n, n);
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
	     "\n### %u containers\n\n"
	     "| | attach, the first quarter, us | | the last quarter, us | | all, ms | | detach, "
	     "the "
	     "first quarter, us | | after a crash, ms |\n"
	     "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n",
	     n);
	for (unsigned side = 0; side < SIDES; side++) {
		const struct figures *f = &figures[side];
		char again[32] = "";

		if (!f->there)
			continue;
		if (f->again > 0)
			snprintf(again, sizeof(again), "%.0f", f->again);
		tell(report,
		     "| %s | %.0f | **%.1f** | %.0f | **%.1f** | %.0f | **%.1f** | %.0f | **%.1f** "
		     "| "
		     "%s |\n",
		     field_sides[side].name, f->first, f->first / ours->first, f->last,
		     f->last / ours->last, f->total, f->total / ours->total, f->gone,
		     f->gone / ours->gone, again);
	}
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
	FILE *report = bench_page("field.md");

	bench_pin();
	field_begin(n);
	for (unsigned side = 0; side < SIDES; side++)
		figures[side].there = is_there(&field_sides[side]);
	at_few(figures);
	for (unsigned side = 0; side < SIDES; side++)
		if (figures[side].there)
			at_many(&field_sides[side], n, &figures[side]);
	tell_head(report, n);
	tell_few(report, figures);
	tell_many(report, figures, n);
	at_peers(report);
	tell_missing(report, figures);
	fclose(report);
	field_end();
	return 0;
}
