#include "server/places.h"

#include <stdio.h>

void places_find(const struct options *options, struct places *ret)
{
	const struct paths_env env = paths_env_now();

	if (options->data_dir)
		snprintf(ret->data_dir, sizeof(ret->data_dir), "%s", options->data_dir);
	else
		paths_data_dir(&env, ret->data_dir);
	paths_run_dir(&env, ret->data_dir, ret->run_dir);
	if (options->socket)
		snprintf(ret->socket, sizeof(ret->socket), "%s", options->socket);
	else
		paths_socket(&env, ret->data_dir, ret->socket);
	paths_log_dir(&env, ret->data_dir, ret->log_dir);
}
