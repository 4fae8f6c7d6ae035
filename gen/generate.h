/* From what protoc asks to what it is answered. */
#pragma once

#include "runtime/buf.h"
#include "runtime/view.h"

/* Appends the CodeGeneratorResponse to a CodeGeneratorRequest, both as bytes; a request or a schema
 * that is refused is answered with the reason. -ENOMEM. */
int generate(struct ovd_view request, struct buf *response);
