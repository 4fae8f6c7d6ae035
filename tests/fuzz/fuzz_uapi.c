/* What a userspace WireGuard answers: its messages end at the same place in whatever pieces they
 * come, are refused or give values in range, and what get says, set can say. The first byte is the
 * size of the pieces. */
#include "server/linux/wg_uapi.h"

#include <stdlib.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/tunnel.h"

/* An answer, which comes in pieces: how long it is, 0 if it isn't whole. */
static size_t read_in_pieces(struct ovd_view text, size_t piece, struct uapi_answer *ret,
			     struct wg_dump *dump)
{
	size_t n = 0;

	wg_dump_begin(dump);
	*ret = (struct uapi_answer){ .ended = false };
	for (size_t have = 0; !ret->ended && have < text.n;) {
		have = MIN(have + piece, text.n);
		n += uapi_read(ret, (struct ovd_view){ .p = text.p + n, .n = have - n }, dump);
		MUST(n <= have);
	}
	wg_dump_end(dump);
	return ret->ended ? n : 0;
}

/* A set of all that was read, as a get would answer it. */
static void check_again(const struct tunnel_state *state)
{
	_cleanup_(wg_dump_done) struct wg_dump dump = { .peers = { .p = NULL } };
	_cleanup_(buf_done) struct buf set = { .p = NULL };
	struct uapi_answer answer;
	const struct tunnel_change change = { .has_listen_port = true,
					      .listen_port = state->listen_port,
					      .peers = state->peers,
					      .n_peers = state->n_peers };

	MUST(uapi_put_set(&set, &change) == 0);
	set.n--; /* the empty line */
	MUST(buf_text(&set, "errno=0\n\n") == 0);
	buf_drop(&set, strlen("set=1\n"));
	MUST(read_in_pieces(buf_view(&set), set.n, &answer, &dump) == set.n);
	MUST(uapi_result(&answer) == 0);
	tunnel_must_be_same(state, &dump.state);
}

/* How long it is. */
static size_t read_answer(struct ovd_view text, size_t piece)
{
	_cleanup_(wg_dump_done) struct wg_dump dump = { .peers = { .p = NULL } };
	_cleanup_(wg_dump_done) struct wg_dump again = { .peers = { .p = NULL } };
	struct uapi_answer answer, in_pieces;
	size_t n = read_in_pieces(text, text.n, &answer, &dump);

	MUST(read_in_pieces(text, piece, &in_pieces, &again) == n);
	MUST(uapi_result(&answer) == uapi_result(&in_pieces));
	MUST(uapi_result(&answer) <= 0 && uapi_result(&answer) >= -4095);
	if (n > 0 && uapi_result(&answer) == 0) {
		tunnel_must_be_same(&dump.state, &again.state);
		tunnel_must_be_sound(&dump.state);
		check_again(&dump.state);
	}
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct fuzz_input in = { data, n };
	size_t piece = input_byte(&in) + 1u, length;
	struct ovd_view text = input_take(&in, in.n);

	while (text.n > 0 && (length = read_answer(text, piece)) > 0) {
		text.p += length;
		text.n -= length;
	}
	return 0;
}
