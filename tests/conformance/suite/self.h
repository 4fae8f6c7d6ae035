/* Where this program is. */
#pragma once

#include <stddef.h>

/* The folder that its file lies in, without a slash behind it. -ENOENT: it can't be told, or
 * doesn't fit. */
int self_folder(char *text, size_t room);
