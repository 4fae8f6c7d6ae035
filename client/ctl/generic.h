/* overlayctl call, overlayctl describe: operations of a daemon that this program need not know. */
#pragma once

#include "client/ctl/command_line.h"
#include "client/overlayd.h"

/* Both return the exit status. words, ended by NULL: of call the operation, then key=value or
 * --key value; of describe an operation, or nothing for all of them. */
int generic_call(const struct command_line *line, struct ovd_client *client, char **words);
int generic_describe(const struct command_line *line, struct ovd_client *client, char **words);
