#include "runtime/mac.h"

#include <errno.h>

#include "tests/check.h"

static const struct {
	const char *text;
	int r;
	const char *canonical;
} macs[] = {
	{ "02:00:5e:10:00:07", 0, "02:00:5e:10:00:07" },
	{ "FE:dC:Ba:98:76:54", 0, "fe:dc:ba:98:76:54" },
	{ "00:00:00:00:00:01", 0, "00:00:00:00:00:01" },
	{ "00:00:00:00:00:00", -EINVAL, NULL },
	{ "01:00:5e:00:00:01", -EINVAL, NULL }, /* a group's */
	{ "ff:ff:ff:ff:ff:ff", -EINVAL, NULL },
	{ "02:00:5e:10:00:0", -EINVAL, NULL },
	{ "02:00:5e:10:00:077", -EINVAL, NULL },
	{ "02-00-5e-10-00-07", -EINVAL, NULL },
	{ "02:00:5e:10:00:0g", -EINVAL, NULL },
	{ "02:00:5e:10:00:@7", -EINVAL, NULL },
	{ "", -EINVAL, NULL },
};

TEST(parse)
{
	for (size_t i = 0; i < ARRAY_SIZE(macs); i++) {
		uint8_t mac[MAC_BYTES] = { 9 }, before = mac[0];
		char text[MAC_TEXT_MAX];

		CASE("%s", macs[i].text);
		CHECK_INT(mac_parse(view(macs[i].text), mac), macs[i].r);
		if (macs[i].canonical)
			CHECK_STR(mac_format(mac, text), macs[i].canonical);
		else
			CHECK_INT(mac[0], before);
	}
}
