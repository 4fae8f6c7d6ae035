#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/paths.h"
#include "runtime/util.h"

#define PIPE "\\\\.\\pipe\\zlayer-overlayd"

struct paths_env paths_env_now(void)
{
	return (struct paths_env){ .data_dir = getenv("ZLAYER_DATA_DIR"),
				   .program_data = getenv("ProgramData") };
}

const char *paths_data_dir(const struct paths_env *env, char text[PATHS_MAX])
{
	if (env->data_dir && env->data_dir[0])
		snprintf(text, PATHS_MAX, "%s", env->data_dir);
	else
		snprintf(text, PATHS_MAX, "%s\\ZLayer",
			 env->program_data && env->program_data[0] ? env->program_data
								   : "C:\\ProgramData");
	return text;
}

const char *paths_socket(const struct paths_env *env _unused_, const char *data_dir _unused_,
			 char text[PATHS_MAX])
{
	snprintf(text, PATHS_MAX, PIPE);
	return text;
}

const char *paths_log_dir(const struct paths_env *env _unused_, const char *data_dir,
			  char text[PATHS_MAX])
{
	size_t n = strlen(data_dir);
	bool ends = n > 0 && strchr("\\/", data_dir[n - 1]);

	snprintf(text, PATHS_MAX, "%s%slogs", data_dir, ends ? "" : "\\");
	return text;
}
