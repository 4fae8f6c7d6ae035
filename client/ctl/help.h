/* What overlayctl says of itself. */
#pragma once

#include <stdio.h>

#include "client/ctl/command.h"
#include "runtime/buf.h"

void help_all(FILE *out, const struct ctl_command *commands);
void help_command(FILE *out, const struct ctl_command *command);

/* The same text, behind what is in out. Without memory it ends early. */
void help_put(struct buf *out, const struct ctl_command *command);

void help_raw(FILE *out);
void help_call(FILE *out);
void help_describe(FILE *out);
