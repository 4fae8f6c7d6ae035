#include "server/linux/nft_element.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/check.h"
#include "tests/server/linux/nft_world.h"

static const struct {
	const char *prefix;
	const char *listed;
} elements[] = {
	{ "10.0.0.0/8", "{ 10.0.0.0/8 }" },
	{ "10.1.2.3/24", "{ 10.1.2.0/24 }" },
	{ "10.200.3.192/26", "{ 10.200.3.192/26 }" },
	{ "10.255.255.254/31", "{ 10.255.255.254/31 }" },
	{ "10.1.2.3/32", "{ 10.1.2.3 }" },
	{ "0.0.0.0/0", "{ 0.0.0.0/0 }" },
	{ "0.0.0.0/1", "{ 0.0.0.0/1 }" },
	{ "128.0.0.0/1", "{ 128.0.0.0/1 }" },
	{ "0.0.0.0/32", "{ 0.0.0.0 }" },
	{ "255.255.255.0/24", "{ 255.255.255.0/24 }" },
	{ "255.255.255.255/32", "{ 255.255.255.255 }" },
	{ "fd00::/64", "{ fd00::/64 }" },
	{ "fd00::ff80/121", "{ fd00::ff80/121 }" },
	{ "fd00::ffff/128", "{ fd00::ffff }" },
	{ "::/0", "{ ::/0 }" },
	{ "::/1", "{ ::/1 }" },
	{ "::/128", "{ :: }" },
	{ "ff00::/8", "{ ff00::/8 }" },
	{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128",
	  "{ ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff }" },
};

TEST(elements_come_and_go)
{
	_cleanup_(world_done) struct world w = { .nft = NULL };
	_cleanup_(freep) char *empty = NULL;

	world_open(&w);
	world_ensure(&w);
	empty = world_ruleset_text(&w);
	for (size_t i = 0; i < ARRAY_SIZE(elements); i++) {
		CASE("%s", elements[i].prefix);
		world_delete(&w, elements[i].prefix, false);
		world_add(&w, elements[i].prefix, true);
		CHECK_INT(world_count_in_ruleset(&w, elements[i].listed), 1);
		world_add(&w, elements[i].prefix, false);
		CHECK_INT(world_count_in_ruleset(&w, elements[i].listed), 1);
		world_delete(&w, elements[i].prefix, true);
		world_check_ruleset(&w, empty);
		world_delete(&w, elements[i].prefix, false);
	}
	CHECK(!nft_watch_read(w.watch));
}

/* Blocks of one slice: what ends where another one begins. */
TEST(neighbours_are_known_each)
{
	static const char *const blocks[] = { "10.200.4.0/26", "10.200.4.128/26", "10.200.4.64/26",
					      "10.200.3.0/24", "fd00::/120",      "fd00::100/120" };
	_cleanup_(world_done) struct world w = { .nft = NULL };

	world_open(&w);
	world_ensure(&w);
	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++)
		for (size_t j = 0; j <= i; j++) {
			CASE("%s beside %s", blocks[j], blocks[i]);
			world_add(&w, blocks[j], i == j);
		}
	world_refuses(&w, "10.200.4.0/25", -EEXIST);
	world_refuses(&w, "10.200.4.0/27", -EEXIST);
	world_refuses(&w, "10.200.4.32/27", -EEXIST);
	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++) {
		CASE("%s", blocks[i]);
		world_delete(&w, blocks[i], true);
		for (size_t j = i + 1; j < ARRAY_SIZE(blocks); j++)
			world_add(&w, blocks[j], false);
	}
}

/* What libnftables wrote is the same to us, and the other way round. */
TEST(elements_are_those_of_nft)
{
	_cleanup_(world_done) struct world w = { .nft = NULL };

	world_open(&w);
	world_ensure(&w);
	for (size_t i = 0; i < ARRAY_SIZE(elements); i++) {
		_cleanup_(freep) char *theirs = NULL;
		char command[128], text[CIDR_TEXT_MAX];
		const struct ovd_cidr c = test_cidr(elements[i].prefix);
		int family = c.ip.len == 4 ? 4 : 6;

		CASE("%s", elements[i].prefix);
		snprintf(command, sizeof(command), "add element inet overlayd prefixes%d { %s }\n",
			 family, cidr_format(&c, text));
		world_other_does(&w, command);
		theirs = world_ruleset_text(&w);
		world_add(&w, elements[i].prefix, false);
		world_delete(&w, elements[i].prefix, true);
		world_add(&w, elements[i].prefix, true);
		world_check_ruleset(&w, theirs);
		snprintf(command, sizeof(command),
			 "delete element inet overlayd prefixes%d { %s }\n", family, text);
		world_other_does(&w, command);
		world_delete(&w, elements[i].prefix, false);
	}
}

TEST(neighbours)
{
	_cleanup_(world_done) struct world w = { .nft = NULL };

	world_open(&w);
	world_ensure(&w);
	world_add(&w, "10.0.1.0/24", true);
	world_add(&w, "10.0.0.0/24", true);
	world_add(&w, "10.0.2.0/23", true);
	world_add(&w, "10.0.4.0/32", true);
	world_add(&w, "fd00::/120", true);
	world_add(&w, "fd00::100/120", true);
	world_delete(&w, "10.0.1.0/24", true);
	world_delete(&w, "fd00::/120", true);
	CHECK_INT(world_count_in_ruleset(&w, "10.0.0.0/24, 10.0.2.0/23"), 1);
	CHECK_INT(world_count_in_ruleset(&w, "10.0.4.0"), 1);
	CHECK_INT(world_count_in_ruleset(&w, "10.0.1.0"), 0);
	CHECK_INT(world_count_in_ruleset(&w, "{ fd00::100/120 }"), 1);
	world_add(&w, "10.0.1.0/24", true);
	world_delete(&w, "10.0.0.0/24", true);
	world_delete(&w, "10.0.2.0/23", true);
	world_delete(&w, "10.0.4.0/32", true);
	CHECK_INT(world_count_in_ruleset(&w, "{ 10.0.1.0/24 }"), 1);
}

static const struct {
	const char *there, *overlaps;
} overlaps[] = {
	{ "10.0.0.0/8", "10.1.0.0/16" },   { "10.1.0.0/16", "10.0.0.0/8" },
	{ "10.0.0.0/8", "10.0.0.0/16" },   { "10.0.0.0/16", "10.0.0.0/8" },
	{ "10.0.0.0/8", "10.255.0.0/16" }, { "10.255.0.0/16", "10.0.0.0/8" },
	{ "fd00::/64", "fd00::/120" },     { "fd00::/120", "fd00::/64" },
};

TEST(an_overlap_is_an_error_and_changes_nothing)
{
	_cleanup_(world_done) struct world w = { .nft = NULL };

	world_open(&w);
	world_ensure(&w);
	for (size_t i = 0; i < ARRAY_SIZE(overlaps); i++) {
		CASE("%s with %s there", overlaps[i].overlaps, overlaps[i].there);
		world_add(&w, overlaps[i].there, true);
		world_refuses(&w, overlaps[i].overlaps, -EEXIST);
		world_delete(&w, overlaps[i].overlaps, false);
		CHECK_INT(world_count_in_ruleset(&w, overlaps[i].there), 1);
		world_delete(&w, overlaps[i].there, true);
	}
	world_add(&w, "10.0.0.0/16", true);
	world_add(&w, "10.255.0.0/16", true);
	world_refuses(&w, "10.0.0.0/8", -EEXIST);
}

TEST(many_elements)
{
	_cleanup_(world_done) struct world w = { .nft = NULL };
	char prefix[32];

	world_open(&w);
	world_ensure(&w);
	for (int i = 0; i < 500; i++) {
		snprintf(prefix, sizeof(prefix), "10.%d.%d.0/26", i / 250, i % 250);
		world_add(&w, prefix, true);
	}
	CHECK_INT(world_count_in_ruleset(&w, ".0/26"), 500);
	for (int i = 499; i >= 0; i--) {
		snprintf(prefix, sizeof(prefix), "10.%d.%d.0/26", i / 250, i % 250);
		world_delete(&w, prefix, true);
	}
	CHECK_INT(world_count_in_ruleset(&w, ".0/26"), 0);
}

TEST(who_may_not_is_told)
{
	_cleanup_(world_done) struct world w = { .nft = NULL };
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { { .effective = 0 } };
	const struct ovd_cidr c = test_cidr("10.0.0.0/8");
	bool changed = true;

	world_open(&w);
	world_ensure(&w);
	CHECK_INT(syscall(SYS_capset, &head, none), 0);
	world_refuses(&w, "10.0.0.0/8", -EPERM);
	CHECK_INT(nft_prefix_delete(w.nft, &c, &changed), -EPERM);
	CHECK_INT(changed, true);
}
