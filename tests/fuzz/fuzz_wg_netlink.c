/* What the kernel says of a WireGuard device: one message after the other, each a length of two
 * bytes and as many bytes of attributes, is refused or gives peers whose values are in range. */
#include "server/linux/wg_netlink.h"

#include <linux/genetlink.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/tunnel.h"

static struct nlmsghdr *next_message(struct fuzz_input *in)
{
	size_t n = input_byte(in);
	struct ovd_view attributes = input_take(in, n | (size_t)input_byte(in) << 8);
	size_t whole = NLMSG_LENGTH(GENL_HDRLEN) + attributes.n;
	struct nlmsghdr *message = calloc(1, whole);

	MUST(message);
	message->nlmsg_len = (uint32_t)whole;
	if (attributes.n > 0)
		memcpy((char *)NLMSG_DATA(message) + GENL_HDRLEN, attributes.p, attributes.n);
	return message;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	_cleanup_(wg_dump_done) struct wg_dump dump = { .peers = { .p = NULL } };
	struct fuzz_input in = { data, n };
	int r = 0;

	wg_dump_begin(&dump);
	while (r == 0 && in.n > 0) {
		_cleanup_(freep) struct nlmsghdr *message = next_message(&in);

		r = wg_netlink_read(message, &dump);
		MUST(r == 0 || r == -EBADMSG);
	}
	wg_dump_end(&dump);
	if (r == 0)
		tunnel_must_be_sound(&dump.state);
	return 0;
}
