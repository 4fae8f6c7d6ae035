#include "client/ctl/flags.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/check.h"

static const struct ctl_variant variants[] = {
	{ .name = "linux_pid", .key = "pid", .number = true },
	{ .name = "guest", .key = "id", .number = false },
	{ .name = "global", .key = NULL },
};

static const struct ctl_flag flags[] = {
	{ .name = "name",
	  .key = "name",
	  .kind = CTL_TEXT,
	  .required = true,
	  .placeholder = "TEXT" },
	{ .name = "join-global",
	  .key = "join_global",
	  .kind = CTL_BOOL,
	  .required = true,
	  .placeholder = "true|false" },
	{ .name = "wg-port", .key = "wg_port", .kind = CTL_NUMBER, .placeholder = "N" },
	{ .name = "ephemeral", .key = "ephemeral", .kind = CTL_BOOL, .placeholder = "true|false" },
	{ .name = "handle",
	  .key = "handle",
	  .kind = CTL_UNION,
	  .placeholder = "linux_pid:PID|guest:ID|global",
	  .tag = "platform",
	  .variants = variants,
	  .n_variants = ARRAY_SIZE(variants) },
	{ .name = "nat", .key = "nat", .kind = CTL_JSON, .placeholder = "JSON" },
	{ .name = "allow",
	  .key = "allow",
	  .kind = CTL_TEXT,
	  .repeated = true,
	  .placeholder = "CIDR" },
	{ .name = "port", .key = "port", .kind = CTL_NUMBER, .repeated = true, .placeholder = "N" },
	{ .name = "mode", .key = "mode", .kind = CTL_ENUM, .placeholder = "auto|shared" },
	{ .name = "spec",
	  .key = "spec",
	  .kind = CTL_JSON,
	  .repeated = true,
	  .placeholder = "JSON" },
};
static const struct ctl_command command = {
	.name = "do-it", .op = "do_it", .flags = flags, .n_flags = ARRAY_SIZE(flags)
};

#define NAMED(rest) "{\"op\":\"do_it\",\"name\":\"n\"" rest "}"
#define PLAIN(rest) NAMED(",\"join_global\":false" rest)

static const struct {
	const char *argv[8];
	const char *json;
} good[] = {
	{ { "--name", "n" }, PLAIN("") },
	{ { "--name=n" }, PLAIN("") },
	{ { "--name", "" }, "{\"op\":\"do_it\",\"name\":\"\",\"join_global\":false}" },
	{ { "--name=" }, "{\"op\":\"do_it\",\"name\":\"\",\"join_global\":false}" },
	{ { "--name", "--ephemeral" },
	  "{\"op\":\"do_it\",\"name\":\"--ephemeral\",\"join_global\":false}" },
	{ { "--name=a=b" }, "{\"op\":\"do_it\",\"name\":\"a=b\",\"join_global\":false}" },
	{ { "--name", "a\"b\\c\n\001" },
	  "{\"op\":\"do_it\",\"name\":\"a\\\"b\\\\c\\u000a\\u0001\",\"join_global\":false}" },
	/* flags in any order, keys in the contract's */
	{ { "--wg-port", "7", "--name", "n" }, PLAIN(",\"wg_port\":7") },
	{ { "--name", "n", "--wg_port", "7" }, PLAIN(",\"wg_port\":7") },
	{ { "--name", "n", "--join-global" }, NAMED(",\"join_global\":true") },
	{ { "--name", "n", "--join-global", "true" }, NAMED(",\"join_global\":true") },
	{ { "--name", "n", "--join-global=false" }, NAMED(",\"join_global\":false") },
	{ { "--join-global", "--name", "n" }, NAMED(",\"join_global\":true") },
	{ { "--name", "n", "--ephemeral" }, PLAIN(",\"ephemeral\":true") },
	{ { "--name", "n", "--handle", "linux_pid:42" },
	  PLAIN(",\"handle\":{\"platform\":\"linux_pid\",\"pid\":42}") },
	{ { "--name", "n", "--handle", "guest:a:b\"" },
	  PLAIN(",\"handle\":{\"platform\":\"guest\",\"id\":\"a:b\\\"\"}") },
	{ { "--name", "n", "--handle", "guest:" },
	  PLAIN(",\"handle\":{\"platform\":\"guest\",\"id\":\"\"}") },
	{ { "--name", "n", "--handle", "global" }, PLAIN(",\"handle\":{\"platform\":\"global\"}") },
	{ { "--name", "n", "--handle", "guest" }, PLAIN(",\"handle\":{\"platform\":\"guest\"}") },
	{ { "--name", "n", "--handle", "later:7" }, PLAIN(",\"handle\":{\"platform\":\"later\"}") },
	{ { "--name", "n", "--handle", "{\"platform\":\"guest\",\"id\":\"x\"}" },
	  PLAIN(",\"handle\":{\"platform\":\"guest\",\"id\":\"x\"}") },
	{ { "--name", "n", "--nat", " {\"turn\":[{\"addr\":\"a}\"}]} " },
	  PLAIN(",\"nat\": {\"turn\":[{\"addr\":\"a}\"}]} ") },
	{ { "--name", "n", "--allow", "10.0.0.0/8" }, PLAIN(",\"allow\":[\"10.0.0.0/8\"]") },
	{ { "--allow", "a", "--name", "n", "--allow=b", "--allow", "c" },
	  PLAIN(",\"allow\":[\"a\",\"b\",\"c\"]") },
	{ { "--name", "n", "--mode", "odd\"" }, PLAIN(",\"mode\":\"odd\\\"\"") },
	{ { "--name", "n", "--port", "1", "--port", "-2" }, PLAIN(",\"port\":[1,-2]") },
	{ { "--name", "n", "--spec", "{}", "--spec={\"a\":1}" },
	  PLAIN(",\"spec\":[{},{\"a\":1}]") },
	{ { "--name", "n", "--spec", "[{}, {\"a\":[1]}]", "--spec=[ ]", "--spec={}" },
	  PLAIN(",\"spec\":[{}, {\"a\":[1]},{}]") },
	{ { "--name", "n", "--wg-port", "18446744073709551616" },
	  PLAIN(",\"wg_port\":18446744073709551616") },
};

TEST(flags_become_json)
{
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		_cleanup_(buf_done) struct buf json = { .p = NULL };
		char fault[FLAGS_FAULT_MAX] = "";

		CASE("%s %s", good[i].argv[0], good[i].argv[1] ? good[i].argv[1] : "");
		CHECK_INT(flags_to_json(&command, (char **)good[i].argv, &json, fault), 0);
		CHECK_STR(fault, "");
		CHECK_VIEW(buf_view(&json), good[i].json);
		CHECK_INT(json.p[json.n], 0);
	}
}

static const struct {
	const char *argv[8];
	const char *fault;
} bad[] = {
	{ { NULL }, "--name TEXT is missing" },
	{ { "--wg-port", "1" }, "--name TEXT is missing" },
	{ { "--name" }, "--name: expected TEXT" },
	{ { "--name", "a", "--name", "b" }, "--name: given twice" },
	{ { "--name", "n", "--join-global", "--join-global=false" }, "--join-global: given twice" },
	{ { "--nam", "n" }, "--nam: unknown; see overlayctl help do-it" },
	{ { "--names", "n" }, "--names: unknown; see overlayctl help do-it" },
	{ { "-name", "n" }, "-name: unknown; see overlayctl help do-it" },
	{ { "--", "n" }, "--: unknown; see overlayctl help do-it" },
	{ { "--=", "n" }, "--=: unknown; see overlayctl help do-it" },
	{ { "", "n" }, ": unknown; see overlayctl help do-it" },
	{ { "--json" }, "--json: goes before the command" },
	{ { "--timeout=3", "--name", "n" }, "--timeout=3: goes before the command" },
	{ { "--jso" }, "--jso: unknown; see overlayctl help do-it" },
	{ { "--name", "n", "stray" }, "stray: unknown; see overlayctl help do-it" },
	{ { "--name", "n", "--join-global", "maybe" }, "--join-global: expected true|false" },
	{ { "--name", "n", "--join-global=" }, "--join-global: expected true|false" },
	{ { "--name", "n", "--wg-port" }, "--wg-port: expected N" },
	{ { "--name", "n", "--wg-port", "" }, "--wg-port: expected N" },
	{ { "--name", "n", "--wg-port", "-" }, "--wg-port: expected N" },
	{ { "--name", "n", "--wg-port", "1-2" }, "--wg-port: expected N" },
	{ { "--name", "n", "--wg-port", "0x10" }, "--wg-port: expected N" },
	{ { "--name", "n", "--wg-port", "1,\"name\":\"x\"" }, "--wg-port: expected N" },
	{ { "--name", "n", "--port", "1", "--port", "a" }, "--port: expected N" },
	{ { "--name", "n", "--handle", "linux_pid:" },
	  "--handle: expected linux_pid:PID|guest:ID|global" },
	{ { "--name", "n", "--handle", "linux_pid:1,\"name\":\"x\"" },
	  "--handle: expected linux_pid:PID|guest:ID|global" },
	{ { "--name", "n", "--handle", "global:x" },
	  "--handle: expected linux_pid:PID|guest:ID|global" },
	{ { "--name", "n", "--handle", "{},\"name\":\"x\"" },
	  "--handle: expected linux_pid:PID|guest:ID|global" },
	{ { "--name", "n", "--nat", "true" }, "--nat: expected JSON" },
	{ { "--name", "n", "--nat", "[]" }, "--nat: expected JSON" },
	{ { "--name", "n", "--nat", "{" }, "--nat: expected JSON" },
	{ { "--name", "n", "--nat", "{},\"name\":\"x\"" }, "--nat: expected JSON" },
	{ { "--name", "n", "--spec", "{}", "--spec", "{}]" }, "--spec: expected JSON" },
	{ { "--name", "n", "--spec", "[{}" }, "--spec: no list in JSON" },
	{ { "--name", "n", "--spec", "[{}],\"name\":\"x\"" }, "--spec: no list in JSON" },
	{ { "--name", "n", "--nat", "@/dev/null" }, "--nat: expected JSON" },
	{ { "--name", "n", "--spec", "@/dev/null" }, "--spec: /dev/null: no list in JSON" },
	{ { "--name", "n", "--spec", "@/no/file" }, "--spec: /no/file: No such file or directory" },
};

TEST(wrong_flags_are_named)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_(buf_done) struct buf json = { .p = NULL };
		char fault[FLAGS_FAULT_MAX] = "";

		CASE("%s", bad[i].fault);
		CHECK_INT(flags_to_json(&command, (char **)bad[i].argv, &json, fault), -EINVAL);
		CHECK_STR(fault, bad[i].fault);
	}
}

static const struct {
	const char *text, *json; /* NULL: refused */
} files[] = {
	{ "[{\"a\":1},{}]", NAMED(",\"join_global\":false,\"spec\":[{\"b\":[]},{\"a\":1},{},{}]") },
	{ " [\n] \n", NAMED(",\"join_global\":false,\"spec\":[{\"b\":[]},{}]") },
	{ "{}", NULL },
	{ "[{}],\"name\":\"x\"", NULL },
	{ "[{}", NULL },
	{ "", NULL },
};

TEST(a_list_from_a_file)
{
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		_cleanup_(buf_done) struct buf json = { .p = NULL };
		char fault[FLAGS_FAULT_MAX] = "", path[] = "/tmp/flags-XXXXXX", value[32];
		char *argv[] = { "--name", "n",      "--spec", "{\"b\":[]}", "--spec",
				 value,    "--spec", "{}",     NULL };
		int fd = mkstemp(path);

		CASE("%s", files[i].text);
		CHECK(fd >= 0);
		CHECK_INT(write(fd, files[i].text, strlen(files[i].text)), strlen(files[i].text));
		close(fd);
		snprintf(value, sizeof(value), "@%s", path);
		CHECK_INT(flags_to_json(&command, argv, &json, fault), files[i].json ? 0 : -EINVAL);
		if (files[i].json)
			CHECK_VIEW(buf_view(&json), files[i].json);
		else
			CHECK(strstr(fault, "no list in JSON"));
		unlink(path);
	}
}

TEST(a_long_word_is_cut)
{
	char word[2000] = "--", fault[FLAGS_FAULT_MAX];
	_cleanup_(buf_done) struct buf json = { .p = NULL };

	memset(word + 2, 'x', sizeof(word) - 3);
	word[sizeof(word) - 1] = '\0';
	CHECK_INT(flags_to_json(&command, (char *[]){ word, NULL }, &json, fault), -EINVAL);
	CHECK_INT(strlen(fault), FLAGS_FAULT_MAX - 1);
}

TEST(a_command_without_flags)
{
	const struct ctl_command bare = { .name = "status", .op = "status" };
	_cleanup_(buf_done) struct buf json = { .p = NULL };
	char fault[FLAGS_FAULT_MAX];

	CHECK_INT(flags_to_json(&bare, (char *[]){ NULL }, &json, fault), 0);
	CHECK_VIEW(buf_view(&json), "{\"op\":\"status\"}");
}

TEST(a_required_list_may_be_empty)
{
	const struct ctl_flag list = {
		.name = "live", .key = "live", .kind = CTL_TEXT, .required = true, .repeated = true
	};
	const struct ctl_command prune = {
		.name = "prune", .op = "prune", .flags = &list, .n_flags = 1
	};
	_cleanup_(buf_done) struct buf json = { .p = NULL };
	char fault[FLAGS_FAULT_MAX];

	CHECK_INT(flags_to_json(&prune, (char *[]){ NULL }, &json, fault), 0);
	CHECK_VIEW(buf_view(&json), "{\"op\":\"prune\",\"live\":[]}");
}

/* Nobody takes all peers away by a variable that is empty. */
TEST(a_required_list_of_objects_is_given)
{
	const struct ctl_flag list = { .name = "peers",
				       .key = "peers",
				       .kind = CTL_JSON,
				       .required = true,
				       .repeated = true,
				       .placeholder = "JSON" };
	const struct ctl_command sync = {
		.name = "sync", .op = "sync", .flags = &list, .n_flags = 1
	};
	_cleanup_(buf_done) struct buf json = { .p = NULL };
	char fault[FLAGS_FAULT_MAX];

	CHECK_INT(flags_to_json(&sync, (char *[]){ NULL }, &json, fault), -EINVAL);
	CHECK_STR(fault, "--peers JSON is missing");
	CHECK(flags_must_be_given(&list));
}

/* What the decoder says, as the user typed it. */
TEST(keys_are_told_as_flags)
{
	static const struct {
		struct ovd_fault found;
		const char *fault;
	} faults[] = {
		{ { .path = "wg_port", .text = "too large" }, "--wg-port: too large" },
		{ { .path = "nat.turn[3].addr", .text = "odd" }, "--nat: turn[3].addr: odd" },
		{ { .path = "allow[2]", .text = "odd" }, "--allow: [2]: odd" },
		{ { .path = "mode", .text = "odd" }, "--mode: expected auto|shared" },
		{ { .path = "handle.pid", .text = "odd" },
		  "--handle: pid: odd; expected linux_pid:PID|guest:ID|global" },
		{ { .path = "elsewhere.x", .text = "odd" }, "elsewhere.x: odd" },
		{ { .path = "", .text = "no object" }, "no object" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		char fault[FLAGS_FAULT_MAX];

		CHECK_STR(flags_fault(&command, &faults[i].found, fault), faults[i].fault);
	}
}
