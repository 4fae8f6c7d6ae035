#include "server/store/store.h"

#include "tests/check.h"
#include "tests/server/store/place.h"

/* With something in it, and no loss. */
static void begin_whole(const struct place *p)
{
	CHECK(loss_of(p, true).data);
	put_raw(p, "2 service x", "");
	CHECK(!loss_of(p, false).data);
	CHECK(!loss_of(p, false).run);
}

TEST(what_is_lost_stays_so_until_it_is_made_good)
{
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		struct place p = place_make();

		begin_whole(&p);
		lose(p.data, "store", &ways[i]);
		CHECK(loss_of(&p, false).data);
		CHECK(loss_of(&p, false).data);
		CHECK(!loss_of(&p, false).run);
		p.boot = "boot 2"; /* which has nothing to say of the data directory */
		CHECK(loss_of(&p, false).data);
		CHECK(loss_of(&p, true).data);
		put_raw(&p, "2 service x", "");
		CHECK(!loss_of(&p, false).data);
		check_remove(p.root);
	}
}

TEST(what_names_no_boot_is_lost_until_the_next_one)
{
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		struct place p = place_make();

		begin_whole(&p);
		lose(p.run, "store", &ways[i]);
		CHECK(loss_of(&p, false).run);
		CHECK(loss_of(&p, false).run);
		p.boot = "boot 2";
		CHECK(!loss_of(&p, false).run);
		CHECK(!loss_of(&p, false).run);
		check_remove(p.root);
	}
}
