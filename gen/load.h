/* A file descriptor of protoc's into the model. */
#pragma once

#include "gen/model.h"
#include "google/protobuf/descriptor.pb-c.h"

/* Fills m, which is {0} but for nothing. What the model can't hold is noted as a fault. -ENOMEM,
 * -EBADMSG for options that can't be read and for what has no name. The file must have one. */
int model_load(struct model *m, const Google__Protobuf__FileDescriptorProto *file);

/* Keeps the descriptors of a schema and of what it imports, comments of the schema's own file only.
 * -1: no memory. */
int model_keep_descriptors(struct model *m, Google__Protobuf__FileDescriptorProto *const *files,
			   size_t n);
