/* What a userspace WireGuard answers: its messages end at the same place in whatever pieces they
 * come, are refused or give values in range, and what get says, set can say. The first byte is the
 * size of the pieces. */
#include "server/linux/wg_uapi.h"

#include <stdlib.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/tunnel.h"

/* As long as the message at the start of text, told in pieces; 0 if there is no whole one. */
static size_t message_in_pieces(struct ovd_view text, size_t piece)
{
	size_t from = 0, n = 0;

	for (size_t have = 0; n == 0 && have < text.n;) {
		have = MIN(have + piece, text.n);
		n = uapi_message((struct ovd_view){ .p = text.p, .n = have }, &from);
		MUST(n <= have);
	}
	return n;
}

/* A set of all that was read, as a get would answer it. */
static void check_again(const struct tunnel_state *state)
{
	_cleanup_(wg_dump_done) struct wg_dump dump = { .peers = { .p = NULL } };
	_cleanup_(buf_done) struct buf set = { .p = NULL };
	const struct tunnel_change change = { .has_listen_port = true,
					      .listen_port = state->listen_port,
					      .peers = state->peers,
					      .n_peers = state->n_peers };

	MUST(uapi_put_set(&set, &change) == 0);
	set.n--; /* the empty line */
	MUST(buf_text(&set, "errno=0\n\n") == 0);
	buf_drop(&set, strlen("set=1\n"));
	MUST(uapi_read_get(buf_view(&set), &dump) == 0);
	tunnel_must_be_same(state, &dump.state);
}

static void read_message(struct ovd_view message)
{
	_cleanup_(wg_dump_done) struct wg_dump dump = { .peers = { .p = NULL } };
	int r = uapi_read_get(message, &dump);

	MUST(r <= 0 && r >= -4095);
	if (r == 0) {
		MUST(uapi_read_set(message) == 0);
		tunnel_must_be_sound(&dump.state);
		check_again(&dump.state);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct fuzz_input in = { data, n };
	size_t piece = input_byte(&in) + 1u;
	struct ovd_view text = input_take(&in, in.n);

	while (text.n > 0) {
		size_t from = 0, length = uapi_message(text, &from);

		MUST(message_in_pieces(text, piece) == length);
		if (length == 0)
			break;
		read_message((struct ovd_view){ .p = text.p, .n = length });
		text.p += length;
		text.n -= length;
	}
	return 0;
}
