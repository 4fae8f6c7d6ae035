#include "tests/conformance/suite/container.h"

#include <errno.h>

int container_start(struct container *ret)
{
	(void)ret;
	return -ENOTSUP;
}

void container_end(struct container *c)
{
	c->pid = -1;
}
