#include <malloc.h>

#include "server/daemon.h"
#include "server/options.h"

/* Others would have to wait: small pieces are put together when each is freed, not all of them when
 * somebody frees or wants a large one; and a large one isn't filled with zeros first. */
static void spread_work_of_malloc(void)
{
	mallopt(M_MXFAST, 0);
	mallopt(M_MMAP_THRESHOLD, 128 * 1024);
}

int main(int argc, char **argv)
{
	struct options options;

	spread_work_of_malloc();
	switch (options_parse(argc, argv, &options)) {
	case OPTIONS_RUN:
		return daemon_run(&options);
	case OPTIONS_DONE:
		return 0;
	case OPTIONS_WRONG:
		break;
	}
	return 2;
}
