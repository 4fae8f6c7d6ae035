/* Nothing is remembered on Windows yet: the operations that would are those of not_built.c. */
#include <errno.h>

#include "server/store/store.h"
#include "server/store/writer.h"

int store_put(struct store *s _unused_, const struct state_record *record _unused_)
{
	return -ENOSYS;
}

int store_delete(struct store *s _unused_, const struct state_record *record _unused_)
{
	return -ENOSYS;
}

int store_batch_put(struct store_batch *batch _unused_, const struct state_record *record _unused_)
{
	return -ENOSYS;
}

int store_batch_delete(struct store_batch *batch _unused_,
		       const struct state_record *record _unused_)
{
	return -ENOSYS;
}

void store_batch_done(struct store_batch *batch _unused_)
{
}

int store_commit(struct store *s _unused_, const struct store_batch *batch _unused_)
{
	return -ENOSYS;
}

void writer_hold(struct writer *w _unused_)
{
}

void writer_release(struct writer *w _unused_)
{
}

void writer_stop(struct writer *w _unused_)
{
}
