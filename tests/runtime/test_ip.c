#include "runtime/ip.h"

#include <errno.h>

#include "tests/check.h"

static const struct {
	const char *text;
	const char *canonical; /* NULL: refused */
} ips[] = {
	{ "10.0.0.1", "10.0.0.1" },
	{ "255.255.255.255", "255.255.255.255" },
	{ "256.0.0.1", NULL },
	{ "010.0.0.1", NULL }, /* octal to some readers */
	{ "10.0.0", NULL },
	{ "10.0.0.1.", NULL },
	{ "10.0.0.1 ", NULL },
	{ "", NULL },
	{ "::", "::" },
	{ "::1", "::1" },
	{ "1::", "1::" },
	{ "::1.2.3.4", "::102:304" }, /* the contract's form, not libc's */
	{ "::ffff:1.2.3.4", "::ffff:1.2.3.4" },
	{ "::ffff:0:0", "::ffff:0.0.0.0" },
	{ "2001:DB8::A", "2001:db8::a" },
	{ "1:0:0:2:0:0:0:3", "1:0:0:2::3" },      /* the longest run */
	{ "1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7" }, /* one group is no run */
	{ "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0" },
	{ "::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8" },
	{ "1:2:3::5:6:7:8", "1:2:3:0:5:6:7:8" },
	{ "1:2:3:4:5:6:7:8:9", NULL },
	{ "1:2:3:4:5:6:7", NULL },
	{ "1::2::3", NULL },
	{ "12345::", NULL },
	{ ":::", NULL },
	{ ":1", NULL },
	{ "1:", NULL },
	{ "fe80::1%eth0", NULL },
	{ "1:2:3:4:5:6:7:1.2.3.4", NULL },
	{ "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304" },
	{ "[::1]", NULL },
};

TEST(ip_parse)
{
	static const struct ovd_ip untouched = { .len = 0xa5 };

	for (size_t i = 0; i < ARRAY_SIZE(ips); i++) {
		struct ovd_view text = check_edge(ips[i].text, strlen(ips[i].text), 0);
		struct ovd_ip ip = untouched;
		char out[IP_TEXT_MAX];

		CASE("%s", ips[i].text);
		CHECK_INT(ip_parse(text, &ip), ips[i].canonical ? 0 : -EINVAL);
		if (ips[i].canonical)
			CHECK_STR(ip_format(&ip, out), ips[i].canonical);
		else
			CHECK_SAME(&ip, &untouched);
	}
}

static const struct {
	const char *text;
	int r;
	const char *canonical;
} cidrs[] = {
	{ "10.42.3.7/16", 0, "10.42.0.0/16" }, /* host bits go, as in the kernel */
	{ "10.42.3.7/13", 0, "10.40.0.0/13" },
	{ "0.0.0.0/0", 0, "0.0.0.0/0" },
	{ "10.1.2.3/32", 0, "10.1.2.3/32" },
	{ "::1.2.3.4/128", 0, "::102:304/128" },
	{ "fd00:200:ffff::/41", 0, "fd00:200:ff80::/41" },
	{ "10.42.0.0/33", -ERANGE, NULL },
	{ "::/129", -ERANGE, NULL },
	{ "010.42.0.0/16", -EINVAL, NULL },
	{ "10.42.0.0", -EINVAL, NULL },
	{ "10.42.0.0/", -EINVAL, NULL },
	{ "10.42.0.0/08", -EINVAL, NULL },
	{ "10.42.0.0/+8", -EINVAL, NULL },
};

TEST(cidr_parse)
{
	static const struct ovd_cidr untouched = { .prefix_len = 0xa5 };

	for (size_t i = 0; i < ARRAY_SIZE(cidrs); i++) {
		struct ovd_cidr cidr = untouched;
		char text[CIDR_TEXT_MAX];

		CASE("%s", cidrs[i].text);
		CHECK_INT(cidr_parse(view(cidrs[i].text), &cidr), cidrs[i].r);
		if (cidrs[i].canonical)
			CHECK_STR(cidr_format(&cidr, text), cidrs[i].canonical);
		else
			CHECK_SAME(&cidr, &untouched);
	}
}

static const struct {
	const char *text;
	bool good;
} endpoints[] = {
	{ "192.0.2.1:51820", true },  { "[2001:db8::1]:1", true }, { "192.0.2.1:0", false },
	{ "192.0.2.1:65536", false }, { "192.0.2.1", false },      { "2001:db8::1:5", false },
	{ "[192.0.2.1]:5", false },   { "host:5", false },
};

TEST(endpoint_parse)
{
	for (size_t i = 0; i < ARRAY_SIZE(endpoints); i++) {
		struct ovd_endpoint endpoint;
		char text[ENDPOINT_TEXT_MAX];

		CASE("%s", endpoints[i].text);
		CHECK_INT(endpoint_parse(view(endpoints[i].text), &endpoint),
			  endpoints[i].good ? 0 : -EINVAL);
		if (endpoints[i].good)
			CHECK_STR(endpoint_format(&endpoint, text), endpoints[i].text);
	}
}

static struct ovd_cidr cidr(const char *text)
{
	struct ovd_cidr value;

	CHECK_INT(cidr_parse(view(text), &value), 0);
	return value;
}

TEST(containment)
{
	struct ovd_cidr wide = cidr("10.200.0.0/16"), inner = cidr("10.200.4.0/26"),
			other = cidr("10.201.0.0/16"), six = cidr("::/0");

	CHECK(cidr_covers(&wide, &inner) && !cidr_covers(&inner, &wide));
	CHECK(cidr_overlaps(&wide, &inner) && cidr_overlaps(&inner, &wide) &&
	      !cidr_overlaps(&wide, &other));
	CHECK(!cidr_covers(&six, &wide) && !cidr_holds(&six, &wide.ip));
	CHECK(cidr_holds(&inner, &inner.ip));
}

TEST(arithmetic)
{
	struct ovd_cidr four = cidr("10.0.0.255/32"), six = cidr("fd00::ffff:ffff:ffff:ffff/128");
	struct ovd_ip next;
	char text[IP_TEXT_MAX];

	next = ip_add(&four.ip, 1);
	CHECK_STR(ip_format(&next, text), "10.0.1.0");
	CHECK_U64(ip_distance(&next, &four.ip), 1);
	CHECK_U64(ip_distance(&four.ip, &next), UINT64_MAX);
	next = ip_add(&six.ip, 1);
	CHECK_STR(ip_format(&next, text), "fd00:0:0:1::");
	CHECK_U64(ip_distance(&next, &six.ip), 1);
}
