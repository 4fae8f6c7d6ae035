/* Where libprotobuf-c keeps what: its structs, by its descriptors. Fields are of the types that
 * overlaygen lets into a schema, strings as bytes. */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

/* A member's value, the pointer to the items of a list, or to an inner message. */
static inline void *member_value(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
	return (char *)m + f->offset;
}

/* The number of a list's items (size_t), of a oneof's field that is set (uint32_t), or whether an
 * optional member is there (protobuf_c_boolean). */
static inline void *member_quantifier(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
	return (char *)m + f->quantifier_offset;
}

static inline size_t member_size(const ProtobufCFieldDescriptor *f)
{
	switch ((int)f->type) {
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_INT64:
		return sizeof(uint64_t);
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	case PROTOBUF_C_TYPE_MESSAGE:
		return sizeof(ProtobufCMessage *);
	default: /* a boolean is an int here */
		return sizeof(uint32_t);
	}
}
