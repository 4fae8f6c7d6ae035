#include "server/service/service_name.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define BASE "ZLayerDaemon"

static int check(const char *text)
{
	if (!*text)
		return -EINVAL;
	for (; *text; text++)
		if (*text < ' ' || *text > '~' || *text == '/' || *text == '\\')
			return -EINVAL;
	return 0;
}

int service_name(const char *instance, char ret[SERVICE_NAME_MAX])
{
	const char *suffix = strncmp(instance, "zlayer-", 7) == 0 ? instance + 7 : instance;
	char first = *suffix >= 'a' && *suffix <= 'z' ? (char)(*suffix - 'a' + 'A') : *suffix;

	if (check(suffix) < 0 || strlen(suffix) > SERVICE_NAME_MAX - sizeof(BASE "-"))
		return -EINVAL;
	if (strcmp(instance, "zlayer") == 0)
		snprintf(ret, SERVICE_NAME_MAX, BASE);
	else
		snprintf(ret, SERVICE_NAME_MAX, BASE "-%c%s", first, suffix + 1);
	return 0;
}
