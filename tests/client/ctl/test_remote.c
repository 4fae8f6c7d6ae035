#include "client/ctl/remote.h"

#include <dlfcn.h>
#include <errno.h>
#include <json-c/json.h>

#include "schema/overlayd_ctl.h"
#include "schema/overlayd_describe.h"
#include "tests/check.h"

static void check_flag(const struct ctl_flag *got, const struct ctl_flag *want)
{
	CHECK_STR(got->name, want->name);
	CHECK_STR(got->key, want->key);
	CHECK_INT(got->kind, want->kind);
	CHECK_INT(got->required, want->required);
	CHECK_INT(got->repeated, want->repeated);
	CHECK_STR(got->placeholder, want->placeholder);
	CHECK_STR(got->help, want->help);
	CHECK_INT(got->n_variants, want->n_variants);
	if (want->n_variants > 0)
		CHECK_STR(got->tag, want->tag);
	for (size_t i = 0; i < want->n_variants; i++) {
		CHECK_STR(got->variants[i].name, want->variants[i].name);
		CHECK_INT(!got->variants[i].key, !want->variants[i].key);
		if (want->variants[i].key)
			CHECK_STR(got->variants[i].key, want->variants[i].key);
		CHECK_INT(got->variants[i].number, want->variants[i].number);
	}
}

/* What this program knows of its own schema, it also reads from a daemon of the same schema. */
TEST(the_same_commands_as_the_generators)
{
	char fault[REMOTE_FAULT_MAX];
	const struct ctl_command *got, *want = ovd_commands;
	struct remote *remote;

	CHECK_INT(remote_new(ovd_describe_json, &remote, fault), 0);
	for (got = remote_commands(remote); want->name; got++, want++) {
		CASE("%s", want->op);
		CHECK(got->name);
		CHECK_STR(got->name, want->name);
		CHECK_STR(got->op, want->op);
		CHECK_STR(got->summary, want->summary);
		CHECK_STR(got->since, want->since);
		CHECK_STR(got->answers, want->answers);
		CHECK_INT(got->n_flags, want->n_flags);
		for (size_t i = 0; i < want->n_flags; i++)
			check_flag(&got->flags[i], &want->flags[i]);
	}
	CHECK(!got->name);
	remote_free(remote);
}

static const struct {
	const char *json, *fault;
} broken[] = {
	{ "", "its schema can't be read: continue" },
	{ "{", "its schema can't be read: continue" },
	{ "[]", "its schema has no operations" },
	{ "{}", "its schema has no operations" },
	{ "{\"messages\":[]}", "its schema has no operations" },
	{ "{\"messages\":{\"Request\":{\"operations\":true}}}", "its schema has no operations" },
	{ "{\"messages\":{\"Request\":{\"operations\":true,\"variants\":7}}}",
	  "its schema has no operations" },
};

TEST(documents_that_are_none)
{
	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		char fault[REMOTE_FAULT_MAX];
		struct remote *remote;

		CASE("%s", broken[i].json);
		CHECK_INT(remote_new(view(broken[i].json), &remote, fault), -EPROTO);
		CHECK_STR(fault, broken[i].fault);
	}
}

/* Anything may be of another type than expected, or missing, or without an end. */
TEST(odd_documents)
{
	static const char odd[] =
		"{\"messages\":{\"Loop\":{\"fields\":[{\"key\":\"x\",\"type\":\"Loop\",\"flatten\":"
		"true},"
		"{\"key\":7,\"type\":\"u8\"},{},{\"key\":\"y\",\"type\":\"U\"}]},"
		"\"U\":{\"tag\":\"t\",\"variants\":[{},7]},"
		"\"Request\":{\"operations\":true,\"variants\":[{\"name\":\"a_b\",\"message\":"
		"\"Loop\"},{},7,null]}},\"enumerations\":7}";
	char fault[REMOTE_FAULT_MAX];
	const struct ctl_command *commands;
	struct remote *remote;

	CHECK_INT(remote_new(view(odd), &remote, fault), 0);
	commands = remote_commands(remote);
	CHECK_STR(commands[0].name, "a-b");
	CHECK(commands[0].n_flags > 3);
	CHECK_STR(commands[1].name, "");
	CHECK(!commands[4].name);
	remote_free(remote);
}

static bool no_reader;

/* json-c's, but for a test that wants it to find no memory. */
struct json_tokener *json_tokener_new(void)
{
	struct json_tokener *(*real)(void) =
		(struct json_tokener * (*)(void)) dlsym(RTLD_NEXT, "json_tokener_new");

	return no_reader ? NULL : real();
}

TEST(no_memory_for_the_reader)
{
	char fault[REMOTE_FAULT_MAX];
	struct remote *remote = NULL;

	no_reader = true;
	CHECK_INT(remote_new(ovd_describe_json, &remote, fault), -ENOMEM);
	CHECK(!remote);
}
