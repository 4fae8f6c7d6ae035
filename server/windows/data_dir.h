/* The data dir: made, and held by one daemon. */
#pragma once

/* Makes a directory and those above it, each for LocalSystem and Administrators alone; one that is
 * there stays as it is. Negative errno. */
int data_dir_make(const char *path);

/* Takes DIR\overlayd.lock, which goes with the handle; our pid is in it. -EWOULDBLOCK if another
 * process has it; other negative errno. */
int data_dir_lock(const char *path, void **ret_handle);
