/* What the engine takes for one more, beside as many as there are already: a peer with two
 * prefixes, a container, a service; each put in and taken out again. No platform. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/util.h"
#include "server/engine/engine.h"
#include "tests/bench/bench.h"

#define PER_ROUND  64
#define ROUNDS     101
#define PER_BRIDGE 60

struct subject {
	const char *name;
	size_t sizes[4];
	void (*add)(struct engine *e, size_t number);
	void (*remove)(struct engine *e, size_t number);
};

static void stands(struct engine *e, int r, struct plan *plan, struct intent **intent)
{
	if (r < 0) {
		fprintf(stderr, "refused: %s: %s\n", strerror(-r), engine_reason(e));
		exit(1);
	}
	engine_commit(e, *intent);
	plan_clear(plan);
}

/* ---- peers ---- */

static struct ovd_key key_of(size_t number)
{
	uint64_t mixed = (number + 1) * UINT64_C(0x9e3779b97f4a7c15);
	struct ovd_key key = { .b = { 0 } };

	memcpy(key.b, &mixed, sizeof(mixed));
	return key;
}

static void add_peer(struct engine *e, size_t number)
{
	struct ovd_cidr allowed[2] = {
		{ { 4, { 10, (uint8_t)(number >> 8), (uint8_t)number } }, 24 },
		{ { 4, { 172, 16, (uint8_t)(number >> 8), (uint8_t)number } }, 32 },
	};
	struct peer_spec spec = { .key = key_of(number), .allowed = allowed, .n_allowed = 2 };
	struct tunnel_change change;
	struct plan plan = { .n = 0 };
	struct intent *intent;

	stands(e, engine_peer_set(e, &spec, &plan, &change, &intent), &plan, &intent);
	plan_done(&plan);
}

static void remove_peer(struct engine *e, size_t number)
{
	struct ovd_key key = key_of(number);
	struct tunnel_change change;
	struct plan plan = { .n = 0 };
	struct intent *intent;

	stands(e, engine_peer_remove(e, NODES_TUNNEL, &key, &plan, &change, &intent), &plan,
	       &intent);
	plan_done(&plan);
}

/* ---- services ---- */

static struct ovd_view name_of(size_t number, char text[32])
{
	snprintf(text, 32, "service-%zu", number);
	return view(text);
}

static void add_service(struct engine *e, size_t number)
{
	struct plan plan = { .n = 0 };
	struct intent *intent;
	char name[32];

	stands(e, engine_service_setup(e, name_of(number, name), SERVICE_AUTO, &plan, &intent),
	       &plan, &intent);
}

static void remove_service(struct engine *e, size_t number)
{
	struct plan plan = { .n = 0 };
	struct intent *intent;
	char name[32];

	stands(e, engine_service_teardown(e, name_of(number, name), &plan, &intent), &plan,
	       &intent);
}

/* ---- containers ---- */

static bool never(const void *arg _unused_, const struct owner *owner _unused_)
{
	return false;
}

static void add_container(struct engine *e, size_t number)
{
	char name[32];
	struct attach_spec spec = { .owner = { .netns_dev = 4,
					       .netns_ino = 4026532000 + number,
					       .start_time = 1,
					       .pid = (uint32_t)number + 2,
					       .netns = -1 },
				    .service = name_of(number / PER_BRIDGE, name) };
	struct plan plan = { .n = 0 };
	struct intent *intent;
	struct ovd_ip ip;

	if (engine_service_link(e, spec.service)[0] == '\0')
		add_service(e, number / PER_BRIDGE);
	stands(e, engine_attach(e, &spec, never, NULL, &plan, &intent, &ip), &plan, &intent);
}

static void remove_container(struct engine *e, size_t number)
{
	struct plan plan = { .n = 0 };
	struct intent *intent;

	stands(e, engine_detach(e, &(struct owner){ .pid = (uint32_t)number + 2 }, &plan, &intent),
	       &plan, &intent);
	if (engine_service_reap(e, view(engine_service_leaver(e) ?: ""), &plan, &intent) == 0)
		engine_commit(e, intent);
}

/* ---- measured ---- */

struct one_more {
	const struct subject *subject;
	struct engine *e;
	size_t number;
};

static void put_in_and_out(void *arg)
{
	struct one_more *m = arg;

	for (unsigned i = 0; i < PER_ROUND; i++) {
		m->subject->add(m->e, m->number);
		m->subject->remove(m->e, m->number);
	}
}

static struct engine *node_of(const struct subject *subject, size_t n)
{
	static const struct ovd_key private_key = { { 1 } }, public_key = { { 0xab } };
	struct engine *e = engine_new(&private_key, &public_key);

	for (size_t i = 0; e && i < n; i++)
		subject->add(e, i);
	return e;
}

static void measure(const struct subject *subject)
{
	for (size_t i = 0; i < ARRAY_SIZE(subject->sizes); i++) {
		struct one_more m = { subject, node_of(subject, subject->sizes[i]),
				      subject->sizes[i] };
		struct bench_side side = { subject->name, put_in_and_out, &m, PER_ROUND };
		double median;

		bench_measure(&side, 1, ROUNDS, &median);
		printf("%-10s beside %6zu: in and out %8.2f us\n", subject->name, subject->sizes[i],
		       median / 1000);
		engine_free(m.e);
	}
}

int main(void)
{
	static const struct subject subjects[] = {
		{ "peer", { 10, 100, 1000, 10000 }, add_peer, remove_peer },
		{ "container", { 10, 100, 1000, 4000 }, add_container, remove_container },
		{ "service", { 1, 10, 100, 1000 }, add_service, remove_service },
	};

	bench_pin();
	for (size_t i = 0; i < ARRAY_SIZE(subjects); i++)
		measure(&subjects[i]);
	return 0;
}
