/* overlayctl hcs: the compute systems of this host, containers and utility VMs of Windows. The
 * daemon has no part in it. */
#pragma once

#include <stdio.h>

#include "client/ctl/command_line.h"
#include "server/hcs/error.h"
#include "server/hcs/hcs.h"

/* line->rest is "hcs" and what follows it. Returns the exit status. */
int hcs_run(const struct command_line *line);

/* The same on a service that is given. */
int hcs_run_on(const struct command_line *line, const struct hcs_api *api);

void help_hcs(FILE *out);

/* Says why something with the service failed, as exit_answer says an err; the exit status. */
int hcs_failed(const struct command_line *line, const struct hcs_error *error);

/* How long the service may take: what --timeout says, else HCS_TIMEOUT_DEFAULT_MS. */
uint32_t hcs_timeout(const struct command_line *line);

/* ---- what the two systems do each in its way ---- */

/* The service of this host; lives until hcs_service_close. A negative errno, and why. */
int hcs_service_open(struct hcs_api **ret, struct hcs_error *error);
void hcs_service_close(struct hcs_api *api);
