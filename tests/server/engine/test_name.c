/* Expected names: the reference's, for the same parts. */
#include "server/engine/name.h"

#include <stdio.h>

#include "tests/check.h"

static const struct {
	const char *parts[3]; /* up to the first NULL */
	const char *suffix;
	const char *name;
} links[] = {
	{ { "zlayer", "12345" }, "g", "zl-9eae6e0a9b-g" },
	{ { "zlayer", "12345", "web" }, "b", "zl-8a3d9b380b-b" },
	{ { "zlayer", "12345", "web" }, "d", "zl-73f456b5c4-d" }, /* no leading zeros */
	{ { "zlayer", "12345", "shared" }, "sh", "zl-4b7a5fbb3-sh" },
	{ { "a", "1", "shared" }, "sh", "zl-ce1d6be48-sh" },
	{ { "a-really-long-name-exceeding-everything" }, "suffix", "zl-26de0-suffix" },
	{ { "app" }, "g", "zl-app-g" },
	{ { "demo", "one" }, "g", "zl-demo-one-g" },
	/* 15 bytes still fit, 16 don't */
	{ { "abcdefghij" }, "g", "zl-abcdefghij-g" },
	{ { "abcde", "fghi" }, "g", "zl-abcde-fghi-g" },
};

TEST(links)
{
	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		struct ovd_view parts[3];
		char name[LINK_NAME_MAX];
		size_t n = 0;

		CASE("%s", links[i].name);
		for (; n < 3 && links[i].parts[n]; n++)
			parts[n] = view(links[i].parts[n]);
		name_link(parts, n, links[i].suffix, name);
		CHECK_STR(name, links[i].name);
	}
}

/* Bytes that the kernel refuses in a name, or that a terminal obeys: the hash instead. */
TEST(only_what_the_kernel_takes)
{
	static const char *const texts[] = { "a/b",   "a:b",      "a b",         "a\tb", "a\nb",
					     "a\x7f", "\xc3\xa9", "abcdefghijk", "a%d" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		const struct ovd_view part = view(texts[i]);
		char name[LINK_NAME_MAX];

		CASE("%s", texts[i]);
		name_link(&part, 1, "g", name);
		CHECK_INT(strlen(name), LINK_NAME_MAX - 1);
		CHECK(strncmp(name, "zl-", 3) == 0 && strcmp(name + 13, "-g") == 0);
		for (int k = 3; k < 13; k++)
			CHECK(strchr("0123456789abcdef", name[k]));
	}
}

/* Where one part ends and the next begins counts, and so does the suffix. */
TEST(parts_are_kept_apart)
{
	const struct ovd_view parts[][2] = { { view("deployment-a"), view("bc") },
					     { view("deployment-ab"), view("c") },
					     { view("deployment-abc"), view("") } };
	char names[4][LINK_NAME_MAX];

	for (size_t i = 0; i < 3; i++)
		name_link(parts[i], 2, "g", names[i]);
	name_link(parts[0], 2, "b", names[3]);
	names[3][14] = 'g';
	for (size_t i = 0; i < 4; i++)
		for (size_t k = 0; k < i; k++)
			CHECK(strcmp(names[i], names[k]) != 0);
}

TEST(longest_parts)
{
	char text[64];
	struct ovd_view parts[3];
	char name[LINK_NAME_MAX], other[LINK_NAME_MAX];

	memset(text, 'x', 63);
	text[63] = '\0';
	for (size_t i = 0; i < 3; i++)
		parts[i] = view(text);
	name_link(parts, 3, "b", name);
	CHECK_INT(strlen(name), LINK_NAME_MAX - 1);
	parts[2] = (struct ovd_view){ .p = text, .n = 62 }; /* the last byte counts */
	name_link(parts, 3, "b", other);
	CHECK(strcmp(name, other) != 0);
}

TEST(veths)
{
	char name[LINK_NAME_MAX];

	name_veth(0xf0000123, 0, name);
	CHECK_STR(name, "zl-f0000123-0");
	name_veth(0x46, 1, name);
	CHECK_STR(name, "zl-00000046-1");
	name_veth(UINT64_MAX, 9, name);
	CHECK_STR(name, "zl-ffffffff-9");
}

/* The keyless variant of the reference's hasher: parts and suffix, 0xff behind each. */
TEST(siphash13)
{
	static const struct {
		const char *text;
		uint64_t hash;
	} rows[] = {
		{ "zlayer\xff"
		  "12345\xff"
		  "g\xff",
		  UINT64_C(0x9eae6e0a9bcb1981) },
		{ "zlayer\xff"
		  "12345\xff"
		  "web\xff"
		  "b\xff",
		  UINT64_C(0x8a3d9b380b488af8) },
		{ "zlayer\xff"
		  "12345\xff"
		  "web\xff"
		  "d\xff",
		  UINT64_C(0x0073f456b5c43641) },
		{ "deployment-long-x\xff\xff", UINT64_C(0x8f61a6ca23f9447d) },
		{ "a-really-long-name-exceeding-everything\xff"
		  "suffix\xff",
		  UINT64_C(0x26de0ea3a2ef7fb5) },
		{ "a-really-long-name\xff"
		  "this-suffix-is-long\xff",
		  UINT64_C(0x57181b81c1eebe9a) },
		{ "zlayer\xff"
		  "12345\xff"
		  "shared\xff"
		  "sh\xff",
		  UINT64_C(0x4b7a5fbb3730d8ab) },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ovd_view edge = check_edge(rows[i].text, strlen(rows[i].text), 0);

		CHECK_U64(siphash13(edge.p, edge.n), rows[i].hash);
	}
}
