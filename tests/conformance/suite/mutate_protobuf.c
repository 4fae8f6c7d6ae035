#include "tests/conformance/suite/mutate.h"

/* What a reader may trip over: numbers that are long or too long, lengths, tags, UTF-8. */
#define TOKEN(s)                                                                                   \
	{                                                                                          \
		s, sizeof(s) - 1                                                                   \
	}
static const struct ovd_view tokens[] = {
	TOKEN("\0"),
	TOKEN("\x01"),
	TOKEN("\x7f"),
	TOKEN("\x80"),
	TOKEN("\x80\0"),
	TOKEN("\xff\xff\x03"),
	TOKEN("\x80\x80\x04"),
	TOKEN("\xff\xff\xff\xff\x0f"),
	TOKEN("\x80\x80\x80\x80\x10"),
	TOKEN("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
	TOKEN("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),
	TOKEN("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"),
	TOKEN("\x08\x01"),
	TOKEN("\x10\x01"),
	TOKEN("\x0a\0"),
	TOKEN("\x12\0"),
	TOKEN("\x0a\x01x"),
	TOKEN("\x0b\x0c"),
	TOKEN("\x0d\x01\x02\x03\x04"),
	TOKEN("\x09\x01\x02\x03\x04\x05\x06\x07\x08"),
	TOKEN("\xfa\x3f\0"),
	TOKEN("\xf8\x3f\x01"),
	TOKEN("\xc3\xa9"),
	TOKEN("\xed\xa0\x80"),
	TOKEN("\xf4\x90\x80\x80"),
};

/* A field at the end of the outermost message, or of the one in it that ends there: their lengths
 * grow along where they are one byte. */
static void add_field(struct mutant *m)
{
	struct ovd_view token = tokens[12 + mutant_below(m, 10)];
	size_t depth = mutant_below(m, 3), at = 0;

	for (size_t i = 0; i < depth; i++) {
		size_t tag = at < m->body.n && (unsigned char)m->body.p[at] >= 0x80 ? 2 : 1;
		size_t n = at + tag < m->body.n ? (unsigned char)m->body.p[at + tag] : 0x80;

		if (n + token.n >= 0x80 || at + tag + 1 + n != m->body.n)
			break;
		m->body.p[at + tag] = (char)(n + token.n);
		at += tag + 1;
	}
	mutant_replace(m, m->body.n, 0, token);
}

void mutant_change_protobuf(struct mutant *m)
{
	struct buf *b = &m->body;
	size_t at = mutant_below(m, b->n + 1), n = mutant_below(m, MIN(b->n - at, (size_t)12) + 1);
	struct ovd_view token = tokens[mutant_below(m, ARRAY_SIZE(tokens))];

	switch (mutant_below(m, 8)) {
	case 0:
		if (at < b->n)
			b->p[at] = (char)(b->p[at] ^ 1 << mutant_below(m, 8));
		break;
	case 1:
		mutant_replace(m, at, n, VIEW_LITERAL(""));
		break;
	case 2:
		mutant_replace(m, at, 0, token);
		break;
	case 3: /* the lengths around it stay right */
		mutant_replace(m, at, MIN(b->n - at, token.n), token);
		break;
	case 4:
		mutant_copy_piece(m);
		break;
	case 5:
		if (mutant_below(m, 4) == 0)
			b->n = at;
		break;
	default:
		add_field(m);
		break;
	}
}
