/* What only records tell, and the copy of it. */
#include "server/store/store.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/check.h"
#include "tests/server/store/place.h"
#include "tests/server/store/records.h"

static const struct state_record setting = {
	.kind = STATE_RECORD_SETTING,
	.setting = { .path = VIEW_LITERAL("net/ipv4/ip_forward"),
		     .before = VIEW_LITERAL("0"),
		     .ours = VIEW_LITERAL("1") },
};

static struct state_record without_interface(enum state_handle handle)
{
	return (struct state_record){
		.kind = STATE_RECORD_ATTACHMENT,
		.attachment = { .has_handle = true,
				.handle = handle,
				.id = VIEW_LITERAL("vm"),
				.service = VIEW_LITERAL("web"),
				.ip = { .len = 4, .b = { 10, 200, 4, 68 } } },
	};
}

#define HANDLED(handle)                                                                            \
	"{\"record\":\"attachment\",\"netns_dev\":0,\"netns_ino\":0,\"pid\":0,\"start_time\":0,"   \
	"\"id\":\"vm\",\"service\":\"web\",\"ip\":\"10.200.4.68\",\"asked_join\":false,"           \
	"\"ephemeral\":false,\"unfinished\":false,\"handle\":\"" handle "\"}\n"
#define SETTING                                                                                    \
	"{\"record\":\"setting\",\"path\":\"net/ipv4/"                                             \
	"ip_forward\",\"before\":\"0\",\"ours\":\"1\"}\n"
#define UNTOLD HANDLED("guest") HANDLED("host") LEASE SETTING

static void put_untold(const struct place *p)
{
	const struct state_record guest = without_interface(STATE_HANDLE_GUEST);
	const struct state_record host = without_interface(STATE_HANDLE_HOST);
	const struct state_record *const records[] = { &web,  &container, &guest,
						       &host, &lease,     &setting };
	struct store *s = open_one(p);

	for (size_t i = 0; i < ARRAY_SIZE(records); i++)
		CHECK_INT(store_put(s, records[i]), 0);
	CHECK_INT(store_made_good(s), 0);
	store_close(s);
}

static void check_again(const struct place *p, const char *wanted)
{
	struct store *s = open_one(p);

	check_all(s, wanted);
	store_close(s);
}

TEST(what_only_records_tell_is_filled_in_again)
{
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		struct place p = place_make();
		struct store *s;

		put_untold(&p);
		lose(p.run, "store", &ways[i]);
		s = open_one(&p);
		CHECK(store_loss(s).run && !store_loss(s).untold);
		check_all(s, WEB UNTOLD);
		CHECK_INT(store_delete(s, &lease), 0);
		store_close(s);
		lose(p.run, "store", &ways[ARRAY_SIZE(ways) - 1]);
		check_again(&p, WEB HANDLED("guest") HANDLED("host") SETTING);
		check_remove(p.root);
	}
}

TEST(a_copy_that_is_lost_is_made_anew)
{
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		struct place p = place_make();
		put_untold(&p);
		lose(p.data, "store.copy", &ways[i]);
		CHECK(!loss_of(&p, false).untold);
		lose(p.run, "store", &ways[ARRAY_SIZE(ways) - 1]);
		check_again(&p, WEB UNTOLD);
		check_remove(p.root);
	}
}

TEST(both_may_be_lost)
{
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		struct place p = place_make();

		put_untold(&p);
		lose(p.data, "store.copy", &ways[i]);
		lose(p.run, "store", &ways[i]);
		check_again(&p, WEB);
		CHECK(loss_of(&p, false).untold);
		CHECK(loss_of(&p, true).untold);
		CHECK(!loss_of(&p, false).untold);
		check_remove(p.root);
	}
}

/* It would lend out for ever what was given before. */
TEST(the_copy_ends_with_the_boot)
{
	struct place p = place_make();

	put_untold(&p);
	p.boot = "boot 2";
	lose(p.run, "store", &ways[ARRAY_SIZE(ways) - 1]);
	check_again(&p, WEB);
	check_remove(p.root);
}

/* By a version that knew of no copy, or a daemon that died between the two. */
TEST(the_run_directory_is_right)
{
	struct place p = place_make();
	char kept[80], store[80];
	struct store *s;

	put_untold(&p);
	snprintf(kept, sizeof(kept), "%s/kept", p.data);
	snprintf(store, sizeof(store), "%s/store.copy", p.data);
	CHECK_INT(rename(store, kept), 0);
	s = open_one(&p);
	CHECK_INT(store_delete(s, &lease), 0);
	store_close(s);
	check_remove(store);
	CHECK_INT(rename(kept, store), 0); /* where the lease is still */
	check_again(&p, WEB HANDLED("guest") HANDLED("host") CONTAINER SETTING);
	lose(p.run, "store", &ways[ARRAY_SIZE(ways) - 1]);
	check_again(&p, WEB HANDLED("guest") HANDLED("host") SETTING);
	check_remove(p.root);
}

/* A disk is full where the file isn't that yet: here it is a directory. */
TEST(without_a_copy_the_rest_is_as_ever)
{
	struct place p = place_make();
	char file[128];

	put_untold(&p);
	snprintf(file, sizeof(file), "%s/store.copy/lock.mdb", p.data);
	CHECK_INT(unlink(file), 0);
	CHECK_INT(mkdir(file, 0700), 0);
	check_again(&p, WEB HANDLED("guest") HANDLED("host") CONTAINER LEASE SETTING);
	CHECK(!loss_of(&p, true).run);
	lose(p.run, "store", &ways[ARRAY_SIZE(ways) - 1]);
	CHECK(loss_of(&p, false).untold);
	CHECK(loss_of(&p, true).run);
	CHECK(!loss_of(&p, false).run);
	check_again(&p, WEB);
	CHECK_INT(rmdir(file), 0);
	CHECK(!loss_of(&p, false).run);
	check_remove(p.root);
}
