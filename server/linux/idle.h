/* Links of ours that carry no port. */
#pragma once

#include "server/linux/link.h"

/* All links but veths whose alias begins with mark and that are no other link's master, but for
 * such as are being reaped. From malloc, the caller frees it. -ENOMEM, or another errno. */
int idle_links(int fd, const char *mark, struct link_info **ret, size_t *ret_n);
