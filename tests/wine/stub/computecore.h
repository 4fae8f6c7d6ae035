/* The stub's own exports, for tests that have it loaded. */
#pragma once

#include <windows.h>

/* Operations, systems, documents and threads that are not given back, or not gone, yet. */
typedef LONG WINAPI stub_outstanding(void);

/* What a service would not have survived, or not have taken: "" in place of no options, another
 * access than GENERIC_ALL, a close from within an event. */
typedef LONG WINAPI stub_violations(void);
