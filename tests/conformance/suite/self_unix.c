#include "tests/conformance/suite/self.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int self_folder(char *text, size_t room)
{
	ssize_t n = readlink("/proc/self/exe", text, room - 1);

	if (n < 0)
		return -ENOENT;
	text[n] = '\0';
	*strrchr(text, '/') = '\0';
	return 0;
}
