#include "runtime/json_scalar.h"

#include <stdio.h>

#include "tests/check.h"
#include "tests/runtime/sample.h"

static int took(const struct json_scan *s, const char *end)
{
	return end ? 0 : s->r;
}

/* What lies beside a value stays as it is. */
struct guarded {
	uint64_t before, value, behind;
};

#define GUARD UINT64_C(0xa5a5a5a5a5a5a5a5)

static const struct {
	unsigned width;
	const char *text;
	int r;
	uint64_t value;
} uints[] = {
	{ 1, "255", 0, 255 },
	{ 1, "256", -EBADMSG, 0 },
	{ 2, "65535", 0, 65535 },
	{ 2, "65536", -EBADMSG, 0 },
	{ 4, "4294967295", 0, UINT32_MAX },
	{ 4, "4294967296", -EBADMSG, 0 },
	{ 8, "18446744073709551615", 0, UINT64_MAX },
	{ 8, "18446744073709551616", -EBADMSG, 0 },
	{ 8, "-1", -EBADMSG, 0 },
};

TEST(uint)
{
	for (size_t i = 0; i < ARRAY_SIZE(uints); i++) {
		struct ovd_row row = { .width = (uint8_t)uints[i].width };
		struct guarded g = { GUARD, 0, GUARD };
		struct ovd_fault fault;
		struct json_scan s = sample_scan(view(uints[i].text), NULL, &fault);

		CASE("%u: %s", uints[i].width, uints[i].text);
		CHECK_INT(took(&s, scalar_uint(&s, s.p, &row, &g.value)), uints[i].r);
		CHECK_U64(g.value, uints[i].value);
		CHECK(g.before == GUARD && g.behind == GUARD);
	}
}

static const struct {
	unsigned width;
	const char *text;
	int r;
	int64_t value;
} ints[] = {
	{ 4, "2147483647", 0, INT32_MAX },           { 4, "2147483648", -EBADMSG, 0 },
	{ 4, "-2147483648", 0, INT32_MIN },          { 4, "-2147483649", -EBADMSG, 0 },
	{ 8, "9223372036854775807", 0, INT64_MAX },  { 8, "9223372036854775808", -EBADMSG, 0 },
	{ 8, "-9223372036854775808", 0, INT64_MIN }, { 8, "-9223372036854775809", -EBADMSG, 0 },
};

TEST(int)
{
	for (size_t i = 0; i < ARRAY_SIZE(ints); i++) {
		struct ovd_row row = { .width = (uint8_t)ints[i].width };
		int32_t narrow = 0;
		int64_t wide = 0;
		struct ovd_fault fault;
		struct json_scan s = sample_scan(view(ints[i].text), NULL, &fault);

		CASE("%u: %s", ints[i].width, ints[i].text);
		CHECK_INT(
			took(&s, scalar_int(&s, s.p, &row,
					    ints[i].width == 4 ? (void *)&narrow : (void *)&wide)),
			ints[i].r);
		CHECK_INT(ints[i].width == 4 ? narrow : wide, ints[i].value);
	}
}

TEST(text_limit_counts_bytes_of_the_value)
{
	static const struct {
		const char *text;
		int r;
	} texts[] = {
		{ "\"12345678\"", 0 },
		{ "\"123456789\"", -EBADMSG },
		{ "\"1234567\\n\"", 0 },
		{ "\"12345678\\n\"", -EBADMSG },
		{ "\"\\ud83d\\ude00\\ud83d\\ude00\"", 0 },
		{ "\"\\ud83d\\ude00\\ud83d\\ude00a\"", -EBADMSG },
		{ "null", -EBADMSG },
		{ "1", -EBADMSG },
	};
	const struct ovd_row row = { .max_bytes = 8 };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_(arena_done) struct arena arena = { NULL, 0 };
		struct ovd_fault fault;
		struct json_scan s = sample_scan(view(texts[i].text), &arena, &fault);
		struct ovd_view value;

		CASE("%s", texts[i].text);
		CHECK_INT(took(&s, scalar_text(&s, s.p, &row, &value)), texts[i].r);
		if (texts[i].r < 0)
			CHECK_INT(fault.offset, 0);
	}
}

TEST(ip)
{
	static const struct {
		const char *text;
		const char *canonical; /* NULL: refused */
	} ips[] = {
		{ "\"10.0.0.1\"", "10.0.0.1" }, { "\"\\u0031.2.3.4\"", "1.2.3.4" },
		{ "\"FE80::1\"", "fe80::1" },   { "\"10.0.0.1/8\"", NULL },
		{ "\"10.0.0\"", NULL },         { "\"\"", NULL },
		{ "167772161", NULL },          { "null", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ips); i++) {
		_cleanup_(arena_done) struct arena arena = { NULL, 0 };
		struct ovd_fault fault;
		struct json_scan s = sample_scan(view(ips[i].text), &arena, &fault);
		char text[IP_TEXT_MAX];
		struct ovd_ip ip;

		CASE("%s", ips[i].text);
		CHECK_INT(took(&s, scalar_ip(&s, s.p, &ip)), ips[i].canonical ? 0 : -EBADMSG);
		if (ips[i].canonical)
			CHECK_STR(ip_format(&ip, text), ips[i].canonical);
		else
			CHECK_INT(fault.offset, 0);
	}
}

TEST(enum)
{
	static const struct {
		const char *text;
		int value; /* 0: refused */
	} names[] = {
		{ "\"red\"", SAMPLE_RED },
		{ "\"blue\"", SAMPLE_BLUE },
		{ "\"b\\u006cue\"", SAMPLE_BLUE },
		{ "\"re\"", 0 },
		{ "\"redd\"", 0 },
		{ "\"Red\"", 0 },
		{ "\"\"", 0 },
		{ "3", 0 },
		{ "{\"red\":null}", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_(arena_done) struct arena arena = { NULL, 0 };
		struct ovd_fault fault;
		struct json_scan s = sample_scan(view(names[i].text), &arena, &fault);
		int value = 0;

		CASE("%s", names[i].text);
		CHECK_INT(took(&s, scalar_enum(&s, s.p, &sample_colours, &value)),
			  names[i].value ? 0 : -EBADMSG);
		CHECK_INT(value, names[i].value);
		if (!names[i].value)
			CHECK_INT(fault.offset, 0);
	}
}
