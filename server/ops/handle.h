/* How a container is called, as clients write it and as the engine has it. */
#pragma once

#include "schema/overlayd.h"
#include "server/ipc/call.h"
#include "server/ops/daemon.h"

/* 0; or the call is answered, and -EINVAL. The view is the request's. */
int handle_parse(struct call *call, const struct ovd_attach_handle *handle, struct owner *ret);

/* As a client would write it. */
struct ovd_attach_handle handle_of(const struct owner *owner);

/* "pid 7", for messages. */
#define HANDLE_NAME_MAX 320
const char *handle_name(const struct owner *owner, char text[HANDLE_NAME_MAX]);
