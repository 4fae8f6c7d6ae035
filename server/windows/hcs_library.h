/* The Host Compute Service of this host: computecore.dll, which is loaded, never linked, as a host
 * without the Containers feature lacks it. */
#pragma once

#include <wchar.h>

#include "server/hcs/error.h"
#include "server/hcs/hcs.h"

/* The table over the library; for the caller to close. All or nothing: where a function is missing
 * that none can do without, there is no service. -ENOTSUP, and what is missing. */
int hcs_library_open(struct hcs_api **ret, struct hcs_error *error);

/* The same of another file in the system's directory, and nowhere else. */
int hcs_library_open_from(const wchar_t *file, struct hcs_api **ret, struct hcs_error *error);

/* When the last of its systems has been closed. NULL is accepted. */
void hcs_library_close(struct hcs_api *api);
