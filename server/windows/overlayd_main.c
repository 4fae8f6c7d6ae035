#include <stdbool.h>
#include <string.h>

#include "server/daemon.h"
#include "server/options.h"
#include "server/windows/install.h"
#include "server/windows/service.h"

/* A service whose command line is wrong says so to the manager, or that would wait for it. */
static bool is_service(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--service") == 0)
			return true;
	return false;
}

int main(int argc, char **argv)
{
	bool service = is_service(argc, argv);
	struct options options;

	if (install_is_meant(argc, argv))
		return install_main(argc, argv);
	switch (options_parse(argc, argv, &options)) {
	case OPTIONS_RUN:
		return service ? service_run_daemon(&options) : daemon_run(&options);
	case OPTIONS_DONE:
		return 0;
	case OPTIONS_WRONG:
		break;
	}
	return service ? service_run_daemon(NULL) : 2;
}
