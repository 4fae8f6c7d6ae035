#include "server/memory.h"

#include <string.h>

#include "server/lock.h"

static void tell_moved(struct log *log, char *path)
{
	if (path)
		log_at(log, LOG_ERROR,
		       "the store was damaged: it is %s now, and what it said is unknown", path);
	free(path);
}

int memory_open(const char *data_dir, const char *run_dir, struct log *log, const char **failed,
		struct store **ret)
{
	char boot_id[STORE_BOOT_ID_MAX];
	struct store_options options = {
		.data_dir = data_dir, .run_dir = run_dir, .boot_id = boot_id, .failed = failed
	};
	struct store_moved moved;
	int r = store_boot_id(boot_id);

	*failed = run_dir;
	if (r == 0)
		r = make_directory(run_dir, 0755);
	if (r == 0)
		r = store_open(&options, ret, &moved);
	if (r < 0)
		return r;
	tell_moved(log, moved.data);
	tell_moved(log, moved.run);
	tell_moved(log, moved.copy);
	if (moved.copy_missed < 0)
		log_at(log, LOG_WARN,
		       "%s/store.copy can't be written: %s: what only the run directory knows is "
		       "lost with it",
		       data_dir, strerror(-moved.copy_missed));
	return 0;
}
