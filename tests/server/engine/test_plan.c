#include "server/engine/plan.h"

#include "tests/check.h"

#define KEY_AT(i) ((uint8_t)(7 * (i) + 3))

static void key_turned(uint8_t turned[32])
{
	for (unsigned i = 0; i < 32; i++)
		turned[i] = KEY_AT(i);
}

__attribute__((noinline)) static void put_key(struct step *step)
{
	for (unsigned i = 0; i < 32; i++)
		step->tunnel.want.private_key.b[i] = (uint8_t)~KEY_AT(i);
}

/* Wherever it is in the plan, and however much is added behind it. */
TEST(a_key_is_in_its_step_and_nowhere_afterwards)
{
	uint8_t turned[32];

	key_turned(turned);
	for (size_t at = 0; at < 12; at++) {
		struct plan plan = { .n = 0 };

		CASE("step %zu", at);
		for (size_t i = 0; i < 40; i++) {
			struct step *step = plan_add(&plan, STEP_TUNNEL);

			CHECK(step && step == plan_at(&plan, i));
			if (i == at)
				put_key(step);
			else
				step->tunnel.mtu = (uint32_t)i;
		}
		CHECK_INT(check_copies(turned, sizeof(turned)), 1);
		for (size_t i = 0; i < 40; i++)
			CHECK_INT(plan_at(&plan, i)->tunnel.mtu, i == at ? 0 : i);
		plan_done(&plan);
		CHECK_INT(check_copies(turned, sizeof(turned)), 0);
		CHECK_INT(plan.n, 0);
		plan_done(&plan);
	}
}

static size_t room_after(size_t n)
{
	struct plan plan = { .n = 0 };
	size_t room;

	for (size_t i = 0; i < n; i++)
		CHECK(plan_add(&plan, STEP_TUNNEL));
	plan_clear(&plan);
	CHECK_INT(plan.n, 0);
	room = plan.room;
	for (size_t i = 0; i < PLAN_INLINE + room; i++)
		CHECK_INT(plan_add(&plan, STEP_FIREWALL)->kind, STEP_FIREWALL);
	CHECK_INT(plan.room, room);
	plan_done(&plan);
	CHECK_INT(plan.room, 0);
	return room;
}

/* An empty plan keeps some room, and not more. */
TEST(room)
{
	CHECK_INT(room_after(PLAN_INLINE), 0);
	CHECK_INT(room_after(PLAN_INLINE + 1), 1);
	CHECK_INT(room_after(PLAN_INLINE + PLAN_KEPT), PLAN_KEPT);
	CHECK_INT(room_after(PLAN_INLINE + PLAN_KEPT + 1), 0);
}

/* What is kept of a plan has no key in it. */
TEST(cleared)
{
	uint8_t turned[32];

	key_turned(turned);
	for (size_t at = 0; at < PLAN_INLINE + PLAN_KEPT; at++) {
		struct plan plan = { .n = 0 };

		CASE("step %zu", at);
		for (size_t i = 0; i <= at; i++)
			CHECK(plan_add(&plan, STEP_TUNNEL));
		put_key(plan_at(&plan, at));
		CHECK_INT(check_copies(turned, sizeof(turned)), 1);
		plan_clear(&plan);
		CHECK_INT(check_copies(turned, sizeof(turned)), 0);
		plan_done(&plan);
	}
}
