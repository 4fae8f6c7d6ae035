/* A command's flags into its request. */
#pragma once

#include "client/ctl/command.h"
#include "runtime/buf.h"
#include "schema/overlayd.h"

/* Longest complaint about a flag. */
#define FLAGS_FAULT_MAX 512

/* --name value, --name=value, and for a list of objects @FILE or @-, standard input, which holds
 * items of it as a list in JSON; argv ends with NULL. Writes the request as JSON, with a NUL behind
 * it that doesn't count, so that it can be decoded. -EINVAL, and what is wrong; -ENOMEM. */
int flags_to_json(const struct ctl_command *command, char **argv, struct buf *out,
		  char fault[FLAGS_FAULT_MAX]);

/* It has no default. A list of names is empty if none is given; one of objects is what is to be,
 * and an empty one is said by a file that holds []. */
bool flags_must_be_given(const struct ctl_flag *flag);

/* What the decoder found wrong in that JSON, "wg_port" told as the flag "--wg-port", with what
 * the flag takes where that is one of a few. Returns fault. */
const char *flags_fault(const struct ctl_command *command, const struct ovd_fault *found,
			char fault[FLAGS_FAULT_MAX]);
