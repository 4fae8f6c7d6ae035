/* `overlayd install`, `reinstall` and `uninstall`: the daemon's place in the list of services. */
#pragma once

#include <stdbool.h>

/* Whether this command line, of the whole process, is one of them. */
bool install_is_meant(int argc, char **argv);

/* Does it (argv is changed), says what it did, and gives the process's exit status: 0, 1 for a
 * failure, 2 for a wrong command line. */
int install_main(int argc, char **argv);
