/* What overlayctl says of itself. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "client/ctl/command.h"
#include "runtime/buf.h"

/* The word asks for help: -h or --help. NULL doesn't. */
bool help_asked(const char *word);

void help_all(FILE *out, const struct ctl_command *commands);
void help_command(FILE *out, const struct ctl_command *command);

/* The same text, behind what is in out. Without memory it ends early. */
void help_put(struct buf *out, const struct ctl_command *command);

/* The same of a command that this program has, and how to get its answer as JSON. */
void help_own_command(FILE *out, const struct ctl_command *command);

void help_raw(FILE *out);
void help_events(FILE *out);
void help_call(FILE *out);
void help_describe(FILE *out);
