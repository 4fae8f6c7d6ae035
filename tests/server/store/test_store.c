#include "server/store/store.h"

#include <stdio.h>

#include "tests/check.h"
#include "tests/server/store/place.h"
#include "tests/server/store/records.h"

TEST(each_kind_is_there_again_in_order)
{
	static const struct state_record *const records[] = { &lease, &container, &peer, &web,
							      &node };
	struct place p = place_make();
	struct store *s = open_one(&p);

	check_all(s, "");
	for (size_t i = 0; i < ARRAY_SIZE(records); i++)
		CHECK_INT(store_put(s, records[i]), 0);
	check_all(s, NODE WEB PEER CONTAINER LEASE);
	store_close(s);
	s = open_one(&p);
	check_all(s, NODE WEB PEER CONTAINER LEASE);
	for (size_t i = 0; i < ARRAY_SIZE(records); i++)
		CHECK_INT(store_delete(s, records[i]), 0);
	CHECK_INT(store_delete(s, &web), 0);
	check_all(s, "");
	store_close(s);
	check_remove(p.root);
}

TEST(a_record_takes_the_place_of_its_name)
{
	struct state_record next = node;
	struct place p = place_make();
	struct store *s = open_one(&p);

	next.node.node_id = 8;
	CHECK_INT(store_put(s, &next), 0);
	CHECK_INT(store_put(s, &node), 0);
	check_all(s, NODE);
	store_close(s);
	check_remove(p.root);
}

TEST(a_boot_forgets_containers_and_nothing_else)
{
	struct place p = place_make();
	struct store *s = open_one(&p);

	CHECK_INT(store_put(s, &web), 0);
	CHECK_INT(store_put(s, &container), 0);
	CHECK_INT(store_put(s, &lease), 0);
	store_close(s);
	p.boot = "boot 2";
	s = open_one(&p);
	check_all(s, WEB);
	CHECK_INT(store_put(s, &lease), 0);
	store_close(s);
	s = open_one(&p);
	check_all(s, WEB LEASE);
	store_close(s);
	check_remove(p.root);
}

TEST(a_batch_is_one_change)
{
	struct store_batch batch = { .n = 0 };
	struct place p = place_make();
	struct store *s = open_one(&p);

	CHECK_INT(store_put(s, &web), 0);
	CHECK_INT(store_batch_put(&batch, &peer), 0);
	CHECK_INT(store_batch_delete(&batch, &web), 0);
	CHECK_INT(store_batch_put(&batch, &node), 0);
	check_all(s, WEB);
	CHECK_INT(store_commit(s, &batch), 0);
	check_all(s, NODE PEER);
	store_batch_done(&batch);
	store_close(s);
	check_remove(p.root);
}

static int count_record(void *arg, const struct state_record *record _unused_)
{
	++*(unsigned *)arg;
	return 0;
}

/* None is moved when others come. */
TEST(a_batch_of_very_many)
{
	enum { MANY = 3000 };
	struct store_batch batch = { .n = 0 };
	struct state_record one = peer, none = peer;
	struct place p = place_make();
	struct store *s = open_one(&p);
	const char *second = NULL;
	unsigned n = 0;

	for (unsigned i = 0; i < MANY; i++) {
		char name[32];

		snprintf(name, sizeof(name), "peer %u", i);
		one.peer.key = view(name);
		CHECK_INT(store_batch_put(&batch, &one), 0);
		if (batch.last == 1 && !second)
			second = batch.pieces[1].p;
	}
	CHECK(batch.last > 1);
	CHECK(batch.pieces[1].p == second);
	none.peer.key = VIEW_LITERAL("peer 0");
	CHECK_INT(store_batch_delete(&batch, &none), 0);
	CHECK_INT(batch.n, MANY + 1);
	CHECK_INT(store_commit(s, &batch), 0);
	CHECK_INT(store_each(s, STATE_RECORD_PEER, count_record, &n), 0);
	CHECK_INT(n, MANY - 1);
	store_batch_clear(&batch);
	CHECK_INT(store_commit(s, &batch), 0);
	CHECK_INT(store_batch_put(&batch, &none), 0);
	CHECK_INT(batch.last, 0);
	CHECK_INT(store_commit(s, &batch), 0);
	n = 0;
	CHECK_INT(store_each(s, STATE_RECORD_PEER, count_record, &n), 0);
	CHECK_INT(n, MANY);
	store_batch_done(&batch);
	store_close(s);
	check_remove(p.root);
}

TEST(what_is_not_understood_stays)
{
	struct place p = place_make();
	struct store *s;

	put_raw(&p, "0 node ", "{\"record\":\"node\",\"version\":1,\"node_id\":7,\"later\":[1]}");
	put_raw(&p, "2 service x", "{\"record\":\"service\",\"name\":\"x\"}");
	put_raw(&p, "9 later y", "{\"record\":\"later\"}");
	for (unsigned round = 0; round < 2; round++) {
		s = open_one(&p);
		check_read(s, NODE, 2);
		store_close(s);
	}
	check_remove(p.root);
}
