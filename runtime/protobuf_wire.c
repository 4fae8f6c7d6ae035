#include "runtime/protobuf_wire.h"

#define NUMBER_MOST ((UINT64_C(1) << 29) - 1)

int wire_varint_long(struct wire *w, int most, uint64_t *ret)
{
	const char *from = w->p;
	uint64_t value = 0;

	for (int i = 0; i < most; i++) {
		unsigned char byte;

		if (w->p == w->end)
			return WIRE_FAULT(w, w->p, "the message ends inside a number");
		byte = (unsigned char)*w->p++;
		if (i == WIRE_VARINT_MAX - 1 && byte > 1)
			return WIRE_FAULT(w, from, "a number of more than 64 bits");
		value |= (uint64_t)(byte & 0x7f) << (7 * i);
		if (byte < 0x80) {
			*ret = value;
			return 0;
		}
	}
	return WIRE_FAULT(w, from, "a number of more than %d bytes", most);
}

int wire_tag(struct wire *w, uint32_t *ret_number, unsigned *ret_type)
{
	const char *from = w->p;
	uint64_t tag;
	int r = wire_varint(w, WIRE_SHORT_MAX, &tag);

	if (r < 0)
		return r;
	if (tag >> 3 == 0 || tag >> 3 > NUMBER_MOST)
		return WIRE_FAULT(w, from, "not a field's number");
	*ret_number = (uint32_t)(tag >> 3);
	*ret_type = tag & 7;
	return 0;
}

int wire_length(struct wire *w, size_t *ret)
{
	const char *from = w->p;
	uint64_t n;
	int r = wire_varint(w, WIRE_SHORT_MAX, &n);

	if (r < 0)
		return r;
	if (n > (size_t)(w->end - w->p))
		return WIRE_FAULT(w, from, "%llu bytes are announced and %zu are there",
				  (unsigned long long)n, (size_t)(w->end - w->p));
	*ret = n;
	return 0;
}

static int skip_bytes(struct wire *w, size_t n)
{
	if (n > (size_t)(w->end - w->p))
		return WIRE_FAULT(w, w->p, "the message ends inside a number");
	w->p += n;
	return 0;
}

int wire_skip(struct wire *w, unsigned type)
{
	uint64_t value;
	size_t n;
	int r;

	switch (type) {
	case WIRE_VARINT:
		return wire_varint(w, WIRE_VARINT_MAX, &value);
	case WIRE_FIXED64:
		return skip_bytes(w, sizeof(uint64_t));
	case WIRE_FIXED32:
		return skip_bytes(w, sizeof(uint32_t));
	case WIRE_BYTES:
		r = wire_length(w, &n);
		if (r == 0)
			w->p += n;
		return r;
	case WIRE_GROUP:
	case WIRE_GROUP_END:
		return WIRE_FAULT(w, w->p, "groups are not read");
	default:
		return WIRE_FAULT(w, w->p, "wire type %u: there is none", type);
	}
}
