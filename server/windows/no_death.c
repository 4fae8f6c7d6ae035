/* Nobody's end is waited for on Windows yet: the operations that attach are those of not_built.c.
 */
#include "server/ops/death.h"

void death_watch(struct daemon *d _unused_, const struct owner *owner _unused_,
		 int process _unused_)
{
}

void death_look(struct daemon *d _unused_, const struct owner *owner _unused_)
{
}

void death_forget(struct daemon *d _unused_, const struct owner *owner _unused_)
{
}
