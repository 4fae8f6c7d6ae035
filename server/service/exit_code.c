#include "server/service/exit_code.h"

const char *service_exit_text(enum service_exit code)
{
	switch (code) {
	case SERVICE_EXIT_FINE:
		return "stopped as asked";
	case SERVICE_EXIT_ARGUMENTS:
		return "wrong command line";
	case SERVICE_EXIT_DATA_DIR:
		return "the data dir can't be used";
	case SERVICE_EXIT_LOG:
		return "the log file can't be opened";
	case SERVICE_EXIT_PIPE:
		return "the pipe can't be made";
	case SERVICE_EXIT_THREADS:
		return "no memory, no thread or no event loop";
	case SERVICE_EXIT_LOOP_FAILED:
		return "it ended without being asked to";
	case SERVICE_EXIT_TWICE:
		return "another overlayd has the data dir";
	}
	return "an unknown reason";
}
