/* Our options in protobuf's descriptors: libprotobuf-c keeps them as unknown fields. */
#pragma once

#include <protobuf-c/protobuf-c.h>

#include "runtime/arena.h"

/* The number of all extensions in wire.proto. */
#define OPTION_NUMBER 50001

/* The option of the given type, unpacked into the arena, from any *Options message; all defaults if
 * options is NULL or has none. An option set in several statements arrives in several pieces, which
 * make one message when they are put together. NULL if it can't be unpacked. */
void *option_unpack(struct arena *arena, const ProtobufCMessage *options,
		    const ProtobufCMessageDescriptor *type);
