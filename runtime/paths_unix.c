#include "runtime/paths.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/view.h"

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

/* Takes the next part off the path; "" at its end. Slashes in a row are one, and "." is nothing. */
static struct ovd_view next_part(const char **path)
{
	struct ovd_view part;

	do {
		part.p = *path + strspn(*path, "/");
		part.n = strcspn(part.p, "/");
		*path = part.p + part.n;
	} while (part.n == 1 && part.p[0] == '.');
	return part;
}

static bool is_same_path(const char *a, const char *b)
{
	struct ovd_view part;

	if ((*a == '/') != (*b == '/'))
		return false;
	do {
		part = next_part(&a);
		if (!view_eq(part, next_part(&b)))
			return false;
	} while (part.n > 0);
	return true;
}

/* What stands between a directory and a name in it. */
static const char *slash_behind(const char *dir)
{
	size_t n = strlen(dir);

	return n > 0 && dir[n - 1] == '/' ? "" : "/";
}

static bool is_default(const struct paths_env *env, const char *data_dir)
{
	char text[PATHS_MAX];

	return is_same_path(platform_data_dir(env, text), data_dir);
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
	if (snprintf(text, PATHS_MAX, "%s%srun/zlayer-overlayd.sock", data_dir,
		     slash_behind(data_dir)) > PATHS_SOCKET_MAX)
		snprintf(text, PATHS_MAX, "/tmp/zlayer-overlayd-%016" PRIx64 ".sock",
			 fnv1a(fnv1a(FNV_START, data_dir), "overlayd"));
	return text;
}

const char *paths_log_dir(const struct paths_env *env, const char *data_dir, char text[PATHS_MAX])
{
	if (is_default(env, data_dir))
		snprintf(text, PATHS_MAX, "/var/log/zlayer");
	else
		snprintf(text, PATHS_MAX, "%s%slogs", data_dir, slash_behind(data_dir));
	return text;
}

const char *paths_run_dir(const struct paths_env *env, const char *data_dir, char text[PATHS_MAX])
{
	if (is_default(env, data_dir))
		snprintf(text, PATHS_MAX, "/var/run/zlayer");
	else
		snprintf(text, PATHS_MAX, "%s%srun", data_dir, slash_behind(data_dir));
	return text;
}
