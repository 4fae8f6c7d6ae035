#include "tests/conformance/suite/self.h"

#include <windows.h>

#include "runtime/util.h"
#include "runtime/wide.h"

int self_folder(char *text, size_t room)
{
	wchar_t wide[2048];
	DWORD n = GetModuleFileNameW(NULL, wide, ARRAY_SIZE(wide));
	_cleanup_(freep) char *path = n > 0 && n < ARRAY_SIZE(wide) ? wide_to_text(wide) : NULL;
	char *end = path ? strrchr(path, '\\') : NULL;

	if (!end || (size_t)(end - path) >= room)
		return -ENOENT;
	*end = '\0';
	memcpy(text, path, (size_t)(end - path) + 1);
	return 0;
}
