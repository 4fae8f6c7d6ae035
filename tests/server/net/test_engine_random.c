/* Random acts, some of which fail: no address twice, nothing left behind. */
#include <stdio.h>

#include "tests/check.h"
#include "tests/server/net/world.h"

#define PIDS     40
#define SERVICES 6

static unsigned next_random(unsigned *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 8;
}

/* No address on two ports; as many ports as containers. */
static void check_world(struct world *w)
{
	size_t ports = 0;

	net_fake_text(&w->fake);
	for (size_t i = 0; i < w->fake.n; i++) {
		const char *ip = strrchr(w->fake.things[i], ' ');

		if (strncmp(w->fake.things[i], "port ", 5) != 0)
			continue;
		ports += strstr(w->fake.things[i], "-0 ") != NULL;
		for (size_t k = 0; k < i; k++)
			if (strncmp(w->fake.things[k], "port ", 5) == 0)
				CHECK(strcmp(strrchr(w->fake.things[k], ' '), ip) != 0);
	}
	CHECK_INT(ports, engine_attachment_count(w->e));
}

static void random_act(struct world *w, unsigned *seed)
{
	char name[8];
	struct ovd_ip ip;
	unsigned pid = 1 + next_random(seed) % PIDS;

	snprintf(name, sizeof(name), "s%u", next_random(seed) % SERVICES);
	w->fake.steps = 0;
	w->fake.fail_at = next_random(seed) % 4 == 0 ? (int)(next_random(seed) % 5) : -1;
	switch (next_random(seed) % 8) {
	case 0:
		world_setup(w, "10.200.0.0/16", "10.200.4.0/22", (uint16_t)(next_random(seed) % 3));
		break;
	case 1:
		world_service(w, name, next_random(seed) % 3 == 0 ? SERVICE_SHARED : SERVICE_AUTO);
		break;
	case 2:
		if (next_random(seed) % 4 == 0)
			world_unservice(w, name);
		break;
	case 3:
		if (next_random(seed) % 16 == 0)
			world_teardown(w);
		break;
	case 4:
		world_peer(w, (uint8_t)(next_random(seed) % 5),
			   next_random(seed) % 2 ? "172.30.0.0/16" : "10.200.9.0/24");
		break;
	case 5:
		world_detach(w, pid);
		world_reap(w);
		break;
	default:
		world_attach(w, pid, pid + 100, name, next_random(seed) % 2, false, &ip);
		break;
	}
}

TEST(random_acts_with_failures)
{
	for (unsigned seed = 1; seed <= 20; seed++) {
		unsigned state = seed;
		struct world w;

		world_init(&w);
		for (int i = 0; i < 2000; i++) {
			CASE("seed %u, act %d", seed, i);
			random_act(&w, &state);
			check_world(&w);
		}
		/* nobody is left behind: all can be taken away */
		w.fake.fail_at = -1;
		for (unsigned pid = 1; pid <= PIDS; pid++)
			CHECK_INT(world_detach(&w, pid), 0);
		CHECK_INT(engine_attachment_count(w.e), 0);
		if (strstr(net_fake_text(&w.fake), "port zl-"))
			check_fail(__FILE__, __LINE__, "left behind:\n%s", net_fake_text(&w.fake));
		world_done(&w);
	}
}
