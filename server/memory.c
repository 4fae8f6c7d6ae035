#include "server/memory.h"

#include "server/lock.h"

/* Frees the path; true if there is none. */
static bool is_whole(struct log *log, char *path)
{
	bool whole = !path;

	if (path)
		log_at(log, LOG_ERROR,
		       "the store was damaged: it is %s now, and what it said is unknown", path);
	free(path);
	return whole;
}

int memory_open(const char *data_dir, const char *run_dir, struct log *log, struct store **ret,
		bool *ret_complete)
{
	char boot_id[STORE_BOOT_ID_MAX];
	struct store_options options = { .data_dir = data_dir,
					 .run_dir = run_dir,
					 .boot_id = boot_id };
	struct store_moved moved;
	int r = store_boot_id(boot_id);

	if (r == 0)
		r = make_directory(run_dir, 0755);
	if (r == 0)
		r = store_open(&options, ret, &moved);
	if (r < 0)
		return r;
	*ret_complete = is_whole(log, moved.data);
	*ret_complete &= is_whole(log, moved.run);
	return 0;
}
