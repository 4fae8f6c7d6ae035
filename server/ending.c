#include "server/ending.h"

#include "server/daemon.h"

bool ending_removes(enum ending ending)
{
	return ending == ENDING_REMOVE || ending == ENDING_PURGE;
}

int ending_tell(struct log *log, enum ending ending, bool incomplete)
{
	static const char *const words[] = {
		[ENDING_KEEP] = "everything is left in place",
		[ENDING_DOWN] = "tunnel, rules and changed settings are taken back",
		[ENDING_REMOVE] = "everything is removed but the node's key",
		[ENDING_PURGE] = "everything is removed, the node's key too",
	};

	if (incomplete) {
		log_at(log, LOG_ERROR, "stopped: not all could be taken back");
		return DAEMON_INCOMPLETE;
	}
	log_at(log, LOG_INFO, "stopped: %s", words[ending]);
	return ending == ENDING_KEEP ? DAEMON_KEPT : DAEMON_DOWN;
}
