#include "server/guest/balance.h"

#include <stdbool.h>

/* What comes next. */
enum {
	KEY_OR_END,
	KEY,
	KEY_TEXT,
	KEY_ESCAPE,
	COLON,
	VALUE_OR_END,
	VALUE,
	TEXT,
	ESCAPE,
	WORD,
	COMMA_OR_END,
};

static enum balance_verdict next(struct balance *b, uint8_t state)
{
	b->state = state;
	return BALANCE_MORE;
}

static bool in_object(const struct balance *b)
{
	return b->objects >> (b->depth - 1) & 1;
}

static enum balance_verdict open(struct balance *b, bool object)
{
	if (b->depth == BALANCE_DEPTH)
		return BALANCE_BAD;
	b->objects &= ~(UINT64_C(1) << b->depth);
	b->objects |= (uint64_t)object << b->depth;
	b->depth++;
	return next(b, object ? KEY_OR_END : VALUE_OR_END);
}

static enum balance_verdict close(struct balance *b, bool object)
{
	if (in_object(b) != object)
		return BALANCE_BAD;
	return --b->depth == 0 ? BALANCE_DONE : next(b, COMMA_OR_END);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '+' ||
	       c == '.' || c == 'E';
}

static enum balance_verdict in_text(struct balance *b, char c, uint8_t escape, uint8_t after)
{
	if ((unsigned char)c < 0x20)
		return BALANCE_BAD;
	return next(b, c == '\\' ? escape : c == '"' ? after : b->state);
}

static enum balance_verdict value(struct balance *b, char c)
{
	if (c == '{' || c == '[')
		return open(b, c == '{');
	if (c == '"')
		return next(b, TEXT);
	return is_word(c) ? next(b, WORD) : BALANCE_BAD;
}

static enum balance_verdict comma_or_end(struct balance *b, char c)
{
	if (c == '}' || c == ']')
		return close(b, c == '}');
	return c == ',' ? next(b, in_object(b) ? KEY : VALUE) : BALANCE_BAD;
}

void balance_begin(struct balance *b)
{
	*b = (struct balance){ .depth = 0 };
	open(b, true);
}

/* Where blanks mean nothing. */
static enum balance_verdict between(struct balance *b, char c)
{
	switch (b->state) {
	case KEY_OR_END:
		if (c == '}')
			return close(b, true);
		return c == '"' ? next(b, KEY_TEXT) : BALANCE_BAD;
	case KEY:
		return c == '"' ? next(b, KEY_TEXT) : BALANCE_BAD;
	case COLON:
		return c == ':' ? next(b, VALUE) : BALANCE_BAD;
	case VALUE_OR_END:
		return c == ']' ? close(b, false) : value(b, c);
	case VALUE:
		return value(b, c);
	default:
		return comma_or_end(b, c);
	}
}

enum balance_verdict balance_feed(struct balance *b, char c)
{
	switch (b->state) {
	case KEY_TEXT:
		return in_text(b, c, KEY_ESCAPE, COLON);
	case TEXT:
		return in_text(b, c, ESCAPE, COMMA_OR_END);
	case KEY_ESCAPE:
	case ESCAPE:
		if ((unsigned char)c < 0x20)
			return BALANCE_BAD;
		return next(b, b->state == ESCAPE ? TEXT : KEY_TEXT);
	case WORD:
		if (is_word(c))
			return BALANCE_MORE;
		b->state = COMMA_OR_END;
		break;
	}
	return is_blank(c) ? BALANCE_MORE : between(b, c);
}
