#include <windows.h>

#include "runtime/util.h"
#include "runtime/wide.h"

wchar_t *wide_of(const char *text)
{
	int n = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, NULL, 0);
	wchar_t *wide = n > 0 ? calloc((size_t)n, sizeof(*wide)) : NULL;

	if (wide)
		MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, wide, n);
	return wide;
}

char *wide_to_text(const wchar_t *wide)
{
	int n = WideCharToMultiByte(CP_UTF8, 0, wide, -1, NULL, 0, NULL, NULL);
	char *text = n > 0 ? calloc((size_t)n, 1) : NULL;

	if (text)
		WideCharToMultiByte(CP_UTF8, 0, wide, -1, text, n, NULL, NULL);
	return text;
}

int wide_error(unsigned long error)
{
	static const struct {
		DWORD error;
		int number;
	} known[] = {
		{ ERROR_FILE_NOT_FOUND, ENOENT },
		{ ERROR_PATH_NOT_FOUND, ENOENT },
		{ ERROR_TOO_MANY_OPEN_FILES, EMFILE },
		{ ERROR_ACCESS_DENIED, EACCES },
		{ ERROR_NOT_ENOUGH_MEMORY, ENOMEM },
		{ ERROR_OUTOFMEMORY, ENOMEM },
		{ ERROR_SHARING_VIOLATION, EBUSY },
		{ ERROR_LOCK_VIOLATION, EBUSY },
		{ ERROR_FILE_EXISTS, EEXIST },
		{ ERROR_ALREADY_EXISTS, EEXIST },
		{ ERROR_INVALID_PARAMETER, EINVAL },
		{ ERROR_INVALID_NAME, EINVAL },
		{ ERROR_BAD_PATHNAME, EINVAL },
		{ ERROR_DISK_FULL, ENOSPC },
		{ ERROR_PIPE_BUSY, EAGAIN },
		{ ERROR_SEM_TIMEOUT, EAGAIN },
		{ ERROR_BROKEN_PIPE, ECONNRESET },
		{ ERROR_NO_DATA, ECONNRESET },
		{ ERROR_PIPE_NOT_CONNECTED, ECONNRESET },
		{ ERROR_OPERATION_ABORTED, ECANCELED },
		{ ERROR_NOT_SUPPORTED, ENOTSUP },
		{ ERROR_DIRECTORY, ENOTDIR },
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (known[i].error == error)
			return -known[i].number;
	return -EIO;
}
