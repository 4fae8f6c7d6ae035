/* Windows: its own texts and errors, and ours. Ours are UTF-8 and errno. */
#pragma once

#include <wchar.h>

/* From malloc; NULL for text that is no UTF-8, or no memory. */
wchar_t *wide_of(const char *text);
char *wide_to_text(const wchar_t *wide);

/* The negative errno that says best what this error, of GetLastError, says; -EIO for those that
 * nobody asks about. */
int wide_error(unsigned long error);
