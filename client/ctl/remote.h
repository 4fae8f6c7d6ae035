/* The commands of a daemon that may be newer than this program: made from the schema that it hands
 * out, docs/describe.md. */
#pragma once

#include <stddef.h>

#include "client/ctl/command.h"
#include "runtime/view.h"

/* Longest reason of remote_new. */
#define REMOTE_FAULT_MAX 128

struct remote;

/* Reads the document. -ENOMEM, or -EPROTO and a reason. */
int remote_new(struct ovd_view json, struct remote **ret, char fault[REMOTE_FAULT_MAX]);
void remote_free(struct remote *remote);

/* One command per operation, in the schema's order; the last has no name. They live as long as
 * remote. */
const struct ctl_command *remote_commands(const struct remote *remote);
