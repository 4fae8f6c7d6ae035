#include "runtime/paths.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROOT_DATA_DIR "/var/lib/zlayer"
#define FNV_START     UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME     UINT64_C(0x100000001b3)

struct paths_env paths_env_now(void)
{
	return (struct paths_env){ .euid = geteuid(),
				   .data_dir = getenv("ZLAYER_DATA_DIR"),
				   .home = getenv("HOME") };
}

/* What the platform says, whatever the environment says. */
static const char *platform_data_dir(const struct paths_env *env, char text[PATHS_MAX])
{
	if (env->euid == 0 || !env->home)
		snprintf(text, PATHS_MAX, ROOT_DATA_DIR);
	else
		snprintf(text, PATHS_MAX, "%s/.zlayer", env->home);
	return text;
}

const char *paths_data_dir(const struct paths_env *env, char text[PATHS_MAX])
{
	if (!env->data_dir || !env->data_dir[0])
		return platform_data_dir(env, text);
	snprintf(text, PATHS_MAX, "%s", env->data_dir);
	return text;
}

static bool is_default(const struct paths_env *env, const char *data_dir)
{
	char text[PATHS_MAX];

	return strcmp(platform_data_dir(env, text), data_dir) == 0;
}

static uint64_t fnv1a(uint64_t hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * FNV_PRIME;
	return hash;
}

const char *paths_socket(const struct paths_env *env, const char *data_dir, char text[PATHS_MAX])
{
	if (is_default(env, data_dir)) {
		snprintf(text, PATHS_MAX, "/var/run/zlayer-overlayd.sock");
		return text;
	}
	if (snprintf(text, PATHS_MAX, "%s/run/zlayer-overlayd.sock", data_dir) > PATHS_SOCKET_MAX)
		snprintf(text, PATHS_MAX, "/tmp/zlayer-overlayd-%016" PRIx64 ".sock",
			 fnv1a(fnv1a(FNV_START, data_dir), "overlayd"));
	return text;
}

const char *paths_log_dir(const struct paths_env *env, const char *data_dir, char text[PATHS_MAX])
{
	if (is_default(env, data_dir))
		snprintf(text, PATHS_MAX, "/var/log/zlayer");
	else
		snprintf(text, PATHS_MAX, "%s/logs", data_dir);
	return text;
}
