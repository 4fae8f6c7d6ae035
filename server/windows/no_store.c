/* Nothing is remembered on Windows yet: the operations that would are those of not_built.c. */
#include <errno.h>

#include "server/store/store.h"

int store_put(struct store *s _unused_, const struct state_record *record _unused_)
{
	return -ENOSYS;
}

int store_delete(struct store *s _unused_, const struct state_record *record _unused_)
{
	return -ENOSYS;
}
