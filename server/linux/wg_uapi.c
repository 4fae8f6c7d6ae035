#include "server/linux/wg_uapi.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "runtime/number.h"

/* ---- writing ---- */

/* Not by printf, whose own memory nobody wipes. */
static int put_line(struct buf *b, const char *name, const char *value)
{
	int r = buf_text(b, name);

	if (r == 0)
		r = buf_text(b, "=");
	if (r == 0)
		r = buf_text(b, value);
	return r == 0 ? buf_text(b, "\n") : r;
}

static int put_key(struct buf *b, const char *name, const struct ovd_key *key)
{
	char text[KEY_HEX_MAX];
	int r = put_line(b, name, key_format_hex(key, text));

	explicit_bzero(text, sizeof(text));
	return r;
}

static int put_number(struct buf *b, const char *name, uint64_t number)
{
	char text[U64_TEXT_MAX];

	u64_format(number, text);
	return put_line(b, name, text);
}

static int put_prefixes(struct buf *b, const struct ovd_cidr *list, size_t n)
{
	char text[CIDR_TEXT_MAX];
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = put_line(b, "allowed_ip", cidr_format(&list[i], text));
	return r;
}

/* A peer that nobody can be: it takes the prefixes over and is removed with them. */
static int put_taker(struct buf *b, const struct tunnel_peer *peer)
{
	struct ovd_key stranger;
	int r;

	randombytes_buf(stranger.b, sizeof(stranger.b));
	r = put_key(b, "public_key", &stranger);
	if (r == 0)
		r = put_prefixes(b, peer->removed, peer->n_removed);
	if (r == 0)
		r = put_key(b, "public_key", &stranger);
	return r == 0 ? buf_text(b, "remove=true\n") : r;
}

static int put_peer(struct buf *b, const struct tunnel_peer *peer)
{
	char text[ENDPOINT_TEXT_MAX];
	int r = put_key(b, "public_key", &peer->key);

	if (r == 0 && peer->remove)
		return buf_text(b, "remove=true\n");
	if (r == 0 && peer->has_endpoint)
		r = put_line(b, "endpoint", endpoint_format(&peer->endpoint, text));
	if (r == 0 && peer->has_keepalive)
		r = put_number(b, "persistent_keepalive_interval", peer->keepalive);
	if (r == 0)
		r = put_prefixes(b, peer->allowed, peer->n_allowed);
	return r == 0 && peer->n_removed > 0 ? put_taker(b, peer) : r;
}

int uapi_put_set(struct buf *b, const struct tunnel_change *change)
{
	int r = buf_text(b, "set=1\n");

	if (r == 0 && change->has_private_key)
		r = put_key(b, "private_key", &change->private_key);
	if (r == 0 && change->has_listen_port)
		r = put_number(b, "listen_port", change->listen_port);
	for (size_t i = 0; i < change->n_peers && r == 0; i++)
		r = put_peer(b, &change->peers[i]);
	return r == 0 ? buf_text(b, "\n") : r;
}

int uapi_put_get(struct buf *b)
{
	return buf_text(b, "get=1\n\n");
}

/* ---- reading ---- */

struct line {
	struct ovd_view key, value;
};

/* Takes a line off the text; false if there is no whole one. */
static bool next_line(struct ovd_view *text, struct line *ret)
{
	const char *end = text->n > 0 ? memchr(text->p, '\n', text->n) : NULL, *equals;

	if (!end)
		return false;
	equals = memchr(text->p, '=', (size_t)(end - text->p));
	*ret = (struct line){ .key = { .p = text->p,
				       .n = (size_t)((equals ? equals : end) - text->p) },
			      .value = { .p = equals ? equals + 1 : end,
					 .n = equals ? (size_t)(end - equals - 1) : 0 } };
	text->n -= (size_t)(end + 1 - text->p);
	text->p = end + 1;
	return true;
}

/* The key is a literal, whose length is known here: thousands of lines are asked a dozen times. */
#define IS(line, literal) view_eq((line)->key, VIEW_LITERAL(literal))

static int number_of(const struct line *line, uint64_t max, uint64_t *ret)
{
	return u64_parse(line->value, max, ret) < 0 ? -EBADMSG : 0;
}

/* errno=0, errno=-22: negative, as the kernel has them. */
static int read_errno(const struct line *line)
{
	struct ovd_view value = line->value;
	uint64_t number;
	bool negative = value.n > 0 && value.p[0] == '-';

	if (negative)
		value.p++, value.n--;
	if (u64_parse(value, 4095, &number) < 0)
		return -EBADMSG;
	return number == 0 ? 0 : -(int)number;
}

static int begin_peer(struct wg_dump *dump, const struct line *line)
{
	struct ovd_key key;

	if (key_parse_hex(line->value, &key) < 0)
		return -EBADMSG;
	return wg_dump_add(dump, &key) ? 0 : -ENOMEM;
}

static int add_prefix(struct wg_dump *dump, const struct line *line)
{
	struct ovd_cidr cidr;

	return cidr_parse(line->value, &cidr) < 0 ? -EBADMSG : wg_dump_allow(dump, &cidr);
}

static int read_peer_line(struct wg_dump *dump, struct tunnel_peer *peer, const struct line *line)
{
	uint64_t number = 0;
	int r = 0;

	if (IS(line, "allowed_ip"))
		return add_prefix(dump, line);
	if (IS(line, "endpoint")) {
		peer->has_endpoint = endpoint_parse(line->value, &peer->endpoint) == 0;
	} else if (IS(line, "last_handshake_time_sec")) {
		r = number_of(line, INT64_MAX, &number);
		peer->last_handshake = (int64_t)number;
	} else if (IS(line, "rx_bytes")) {
		r = number_of(line, UINT64_MAX, &peer->rx_bytes);
	} else if (IS(line, "tx_bytes")) {
		r = number_of(line, UINT64_MAX, &peer->tx_bytes);
	} else if (IS(line, "persistent_keepalive_interval")) {
		r = number_of(line, UINT16_MAX, &number);
		peer->has_keepalive = true;
		peer->keepalive = (uint16_t)number;
	}
	return r;
}

static int read_device_line(struct wg_dump *dump, const struct line *line)
{
	uint64_t number = 0;
	int r = 0;

	if (IS(line, "listen_port")) {
		r = number_of(line, UINT16_MAX, &number);
		dump->state.listen_port = (uint16_t)number;
	} else if (IS(line, "private_key")) {
		r = key_parse_hex(line->value, &dump->state.private_key) < 0 ? -EBADMSG : 0;
		dump->state.has_private_key = r == 0;
	}
	return r;
}

static int read_dump_line(struct wg_dump *dump, const struct line *line)
{
	struct tunnel_peer *peer = wg_dump_last(dump);

	if (IS(line, "public_key"))
		return begin_peer(dump, line);
	return peer ? read_peer_line(dump, peer, line) : read_device_line(dump, line);
}

static void read_line(struct uapi_answer *answer, const struct line *line, struct wg_dump *dump)
{
	if (line->key.n == 0 && line->value.n == 0) {
		answer->ended = true;
	} else if (IS(line, "errno")) {
		answer->has_error = true;
		answer->error = read_errno(line);
	} else if (dump && answer->fault == 0) {
		answer->fault = read_dump_line(dump, line);
	}
}

size_t uapi_read(struct uapi_answer *answer, struct ovd_view text, struct wg_dump *dump)
{
	struct ovd_view rest = text;
	struct line line;

	while (!answer->ended && next_line(&rest, &line))
		read_line(answer, &line, dump);
	return (size_t)(rest.p - text.p);
}

int uapi_result(const struct uapi_answer *answer)
{
	if (answer->fault < 0)
		return answer->fault;
	return answer->has_error ? answer->error : -EBADMSG;
}
