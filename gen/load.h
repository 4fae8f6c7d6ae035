/* A file descriptor of protoc's into the model. */
#pragma once

#include "gen/model.h"
#include "google/protobuf/descriptor.pb-c.h"

/* Fills m, which is {0} but for nothing. What the model can't hold is noted as a fault. -ENOMEM,
 * -EBADMSG for options that can't be read. */
int model_load(struct model *m, const Google__Protobuf__FileDescriptorProto *file);
