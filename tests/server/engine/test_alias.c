/* What an alias is made of, and what is read of it again. */
#include <stdio.h>
#include <string.h>

#include "tests/server/engine/node.h"

#define LONG "a-service-whose-name-is-as-long-as-any-may-be-63-bytes-of-it---"

static struct lost_mark mark_of(const struct node *n, const char *alias)
{
	struct lost_mark mark;

	CHECK(engine_lost_mark(n->e, alias, &mark));
	return mark;
}

static struct attach_spec by_file(const char *service, const char *path)
{
	struct attach_spec spec = attach_spec_of(0, 0x1234, service);

	spec.owner.kind = HANDLE_NETNS;
	spec.owner.start_time = 0;
	spec.owner.id = view(path);
	return spec;
}

/* The alias that a container of this kind gets. */
static const char *alias_of(struct node *n, const struct attach_spec *spec)
{
	struct ovd_ip ip;

	CHECK_INT(node_attach_spec(n, spec, false, &ip), 0);
	return node_step(n, 0)->veth.alias;
}

static struct state_attachment record_of(const struct node *n, const char *alias)
{
	const struct lost_mark mark = mark_of(n, alias);
	struct state_attachment record = { .pid = 5, .start_time = 6, .netns_ino = 7 };

	CHECK_VIEW(mark.word, "container");
	CHECK(mark.told && !mark.is_cut);
	engine_lost_container(&mark, &record);
	CHECK_U64(record.netns_ino, 7);
	return record;
}

static void end(struct node *n)
{
	node_drop(n);
	node_done(n);
}

static void begin(struct node *n, const char *service)
{
	node_init(n);
	node_has_tunnel(n);
	node_has_service(n, service);
}

TEST(a_container_of_a_process)
{
	struct attach_spec spec = attach_spec_of(7, 0x1234, "web");
	struct state_attachment record;
	struct node n;

	begin(&n, "web");
	record = record_of(&n, alias_of(&n, &spec));
	CHECK_INT(record.pid, 7);
	CHECK_U64(record.start_time, spec.owner.start_time);
	CHECK(!record.has_handle && !record.asked_join && !record.ephemeral && !record.has_mac &&
	      !record.has_request);
	node_drop(&n);
	spec.join_global = spec.ephemeral = spec.has_mac = true;
	memcpy(spec.mac, "\x02\x00\x5e\x10\x00\x07", sizeof(spec.mac));
	spec.request = UINT64_MAX;
	record = record_of(&n, alias_of(&n, &spec));
	CHECK_INT(record.pid, 7);
	CHECK(record.asked_join && record.ephemeral && record.has_mac && record.has_request);
	CHECK_U64(record.mac, 0x02005e100007);
	CHECK_U64(record.request, UINT64_MAX);
	CHECK_STR(node_step(&n, 1)->join.alias, node_step(&n, 0)->veth.alias);
	end(&n);
}

TEST(a_container_of_a_file)
{
	struct attach_spec spec = by_file("web", "/run/netns/a, b=c:d");
	struct state_attachment record;
	struct node n;

	begin(&n, "web");
	spec.ephemeral = true;
	record = record_of(&n, alias_of(&n, &spec));
	CHECK(record.has_handle && record.ephemeral);
	CHECK_INT(record.handle, STATE_HANDLE_NETNS);
	CHECK_VIEW(record.id, "/run/netns/a, b=c:d");
	CHECK_INT(record.pid, 0);
	CHECK_U64(record.start_time, 0);
	end(&n);
}

/* What is behind the last tab would be read as details. */
TEST(a_file_that_an_alias_has_no_words_for)
{
	char path[HANDLE_ID_MAX + 1];
	const char *const paths[] = { "/run/netns/a\tb", path };

	memset(path, 'a', HANDLE_ID_MAX);
	path[0] = '/';
	path[HANDLE_ID_MAX] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct attach_spec spec = by_file("web", paths[i]);
		struct state_attachment record;
		struct node n;

		CASE("%zu", i);
		begin(&n, "web");
		spec.ephemeral = true;
		record = record_of(&n, alias_of(&n, &spec));
		CHECK(record.ephemeral && !record.has_handle);
		CHECK_INT(record.pid, 5); /* as the kernel told */
		end(&n);
	}
}

TEST(the_longest_of_all)
{
	struct attach_spec spec = attach_spec_of(UINT32_MAX, 0x1234, LONG);
	struct state_attachment record;
	struct node n;

	begin(&n, LONG);
	spec.owner.start_time = spec.request = UINT64_MAX;
	spec.join_global = spec.ephemeral = spec.has_mac = true;
	memcpy(spec.mac, "\x02\x00\x5e\x10\x00\x07", sizeof(spec.mac));
	record = record_of(&n, alias_of(&n, &spec));
	CHECK(record.asked_join && record.ephemeral && record.has_mac);
	CHECK_INT(record.pid, UINT32_MAX);
	CHECK_U64(record.start_time, UINT64_MAX);
	CHECK_U64(record.request, UINT64_MAX);
	CHECK_VIEW(mark_of(&n, node_step(&n, 0)->veth.alias).name, LONG);
	end(&n);
}

TEST(a_name_may_be_any_text)
{
	const char *const names[] = { "a b", "a\tb", "a\t", "pid=1,join", "a:b" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct attach_spec spec = attach_spec_of(7, 0x1234, names[i]);
		struct node n;

		CASE("%s", names[i]);
		begin(&n, names[i]);
		CHECK_INT(record_of(&n, alias_of(&n, &spec)).pid, 7);
		CHECK(!record_of(&n, node_step(&n, 0)->veth.alias).asked_join);
		CHECK_VIEW(mark_of(&n, node_step(&n, 0)->veth.alias).name, names[i]);
		end(&n);
	}
}

static enum state_mode mode_on_bridge(enum service_mode mode)
{
	struct lost_mark mark;
	enum state_mode found;
	struct node n;

	node_init(&n);
	node_has_tunnel(&n);
	CHECK_INT(node_service(&n, "web", mode), 0);
	mark = mark_of(&n, node_step(&n, 2)->bridge.alias);
	CHECK_VIEW(mark.word, "service");
	CHECK_VIEW(mark.name, "web");
	found = engine_lost_mode(&mark);
	end(&n);
	return found;
}

TEST(a_bridge_tells_the_mode)
{
	struct node n;

	CHECK_INT(mode_on_bridge(SERVICE_AUTO), STATE_MODE_AUTO);
	CHECK_INT(mode_on_bridge(SERVICE_ISOLATED), STATE_MODE_ISOLATED);
	node_init(&n);
	node_has_service(&n, "web");
	CHECK_INT(node_service(&n, "web", SERVICE_ISOLATED), 0); /* it is another from now on */
	CHECK_STR(node_step(&n, 2)->bridge.alias, "overlayd abcdef12 service web\tisolated");
	end(&n);
}

/* What an earlier version wrote. */
TEST(aliases_without_details)
{
	char alias[LINK_ALIAS_MAX];
	struct state_attachment record = { .pid = 5 };
	struct lost_mark mark;
	struct node n;

	node_init(&n);
	mark = mark_of(&n, "overlayd abcdef12 container web");
	CHECK_VIEW(mark.word, "container");
	CHECK_VIEW(mark.name, "web");
	CHECK(!mark.told && !mark.is_cut);
	engine_lost_container(&mark, &record);
	CHECK_INT(record.pid, 5);
	CHECK_INT(engine_lost_mode(&mark), STATE_MODE_AUTO);
	snprintf(alias, sizeof(alias), "%.*s", LINK_ALIAS_CUT, "overlayd abcdef12 service " LONG);
	CHECK(mark_of(&n, alias).is_cut);
	alias[LINK_ALIAS_CUT - 1] = '\0';
	CHECK(!mark_of(&n, alias).is_cut);
	CHECK_INT(mark_of(&n, "overlayd abcdef12 bridge").name.n, 0);
	CHECK(!engine_lost_mark(n.e, "overlayd abcdef1", &mark));
	CHECK(!engine_lost_mark(n.e, "overlayd abcdef123 service web", &mark));
	CHECK(!engine_lost_mark(n.e, "overlayd 89abcdef service web", &mark));
	CHECK(!engine_lost_mark(n.e, "", &mark));
	end(&n);
}

/* Details of a later version, and those that somebody spoilt. */
TEST(details_that_are_none)
{
	static const char *const details[] = {
		"pid",
		"pid=",
		"pid=7",
		"pid=7@",
		"pid=7@x",
		"pid=4294967296@1",
		"pid=-1@1",
		"what,pids=7@8",
		"what=pid,,=,7@8",
		"other:pid=7@8",
		"mac=1,request=x,isolated",
	};
	struct node n;

	node_init(&n);
	for (size_t i = 0; i < ARRAY_SIZE(details); i++) {
		char alias[LINK_ALIAS_MAX];
		struct state_attachment record;

		CASE("%s", details[i]);
		snprintf(alias, sizeof(alias), "overlayd abcdef12 container web\t%s", details[i]);
		record = record_of(&n, alias);
		CHECK_INT(record.pid, 5);
		CHECK(!record.has_mac && !record.has_request);
		snprintf(alias, sizeof(alias), "overlayd abcdef12 container web\tnew=1,pid=9@8,%s",
			 details[i]);
		CHECK_INT(record_of(&n, alias).pid, 9);
	}
	end(&n);
}

/* ---- the node's tunnel ---- */

static struct state_global tunnel_record(struct node *n, const char *slice)
{
	const struct step_tunnel *tunnel;
	struct state_global record;
	struct lost_mark mark;

	CHECK_INT(node_setup(n, "10.200.0.0/16", slice, 51820), 0);
	tunnel = &node_step(n, 2)->tunnel;
	mark = mark_of(n, tunnel->alias);
	CHECK_VIEW(mark.word, "tunnel");
	CHECK(engine_lost_tunnel(&mark, view(tunnel->link),
				 &(struct ovd_cidr){ tunnel->want.ip, tunnel->want.prefix_len },
				 51820, &record));
	CHECK_VIEW(record.deployment, "zlayer");
	CHECK_VIEW(record.instance, "12345");
	return record;
}

TEST(a_tunnel_tells_the_slice_and_the_names)
{
	static const char *const slices[] = { "10.200.4.0/22", "10.200.4.0/26", "10.200.4.32/27" };
	struct node n;

	for (size_t i = 0; i < ARRAY_SIZE(slices); i++) {
		const struct ovd_cidr want = cidr_of(slices[i]);
		struct state_global record;

		CASE("%s", slices[i]);
		node_init(&n);
		record = tunnel_record(&n, slices[i]);
		CHECK(record.has_slice);
		CHECK(ip_eq(&record.slice.ip, &want.ip));
		CHECK_INT(record.slice.length, want.prefix_len);
		end(&n);
	}
	node_init(&n);
	CHECK(!tunnel_record(&n, NULL).has_slice);
	end(&n);
}

/* What doesn't fit the address isn't believed, nor are names that are too long. */
TEST(a_tunnel_whose_details_are_wrong)
{
	static const char *const details[] = { "slice=10.200.8.0/22,names:9:demo",
					       "slice=10.200.4.0,names:4", "slice=,names:x:demo",
					       "names:1:" LONG "--" };
	const struct ovd_cidr address = { ip_of("10.200.4.1"), 16 };
	struct node n;

	node_init(&n);
	for (size_t i = 0; i < ARRAY_SIZE(details); i++) {
		char alias[LINK_ALIAS_MAX];
		struct state_global record;
		struct lost_mark mark;

		CASE("%s", details[i]);
		snprintf(alias, sizeof(alias), "overlayd abcdef12 tunnel zl-d-1-g\t%s", details[i]);
		mark = mark_of(&n, alias);
		CHECK(engine_lost_tunnel(&mark, view("zl-d-1-g"), &address, 1, &record));
		CHECK_INT(record.slice.length, 26);
		CHECK_INT(record.deployment.n, 0);
		CHECK_INT(record.instance.n, 0);
	}
	end(&n);
}
