/* Where things are: the reference's rules, so that its clients find us. Pure functions over their
 * arguments. */
#pragma once

#include <stdbool.h>

#define PATHS_MAX 4096

/* Longest socket path that is used as it is, in bytes; a longer one is replaced by a short one
 * under /tmp. */
#define PATHS_SOCKET_MAX 103

/* What the environment says; NULL for unset. */
struct paths_env {
	unsigned euid;
	const char *data_dir;     /* $ZLAYER_DATA_DIR */
	const char *home;         /* $HOME */
	const char *program_data; /* %ProgramData%; Windows alone, which asks for nothing else */
};

/* Of this process. */
struct paths_env paths_env_now(void);

/* The data dir when none is given: $ZLAYER_DATA_DIR, else /var/lib/zlayer for root, else ~/.zlayer;
 * on Windows %ProgramData%\ZLayer. All below return text; a path that doesn't fit is cut. */
const char *paths_data_dir(const struct paths_env *env, char text[PATHS_MAX]);

/* The daemon's socket: /var/run/zlayer-overlayd.sock for the user's own default data dir (the
 * environment doesn't count, and not how its path is written), else DIR/run/zlayer-overlayd.sock;
 * if that is too long, /tmp/zlayer-overlayd-HASH.sock with FNV-1a-64 over the data dir and
 * "overlayd". On Windows the pipe \\.\pipe\zlayer-overlayd, whatever the data dir. */
const char *paths_socket(const struct paths_env *env, const char *data_dir, char text[PATHS_MAX]);

/* The log's directory: /var/log/zlayer for the default data dir, else DIR/logs; on Windows always
 * DIR\logs. */
const char *paths_log_dir(const struct paths_env *env, const char *data_dir, char text[PATHS_MAX]);

/* Where what ends with the boot lies: /var/run/zlayer for the default data dir, else DIR/run. */
const char *paths_run_dir(const struct paths_env *env, const char *data_dir, char text[PATHS_MAX]);
