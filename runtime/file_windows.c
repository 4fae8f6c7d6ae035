#include <fcntl.h>
#include <io.h>
#include <windows.h>

#include "runtime/file.h"
#include "runtime/util.h"
#include "runtime/wide.h"

int file_append(const char *path)
{
	_cleanup_(freep) wchar_t *wide = wide_of(path);
	HANDLE file;
	int fd;

	if (!wide)
		return -EINVAL;
	/* others may read and rename it meanwhile; a link is opened itself, and can't be written */
	file = CreateFileW(wide, FILE_APPEND_DATA | SYNCHRONIZE,
			   FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
			   OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
	if (file == INVALID_HANDLE_VALUE)
		return wide_error(GetLastError());
	fd = _open_osfhandle((intptr_t)file, _O_APPEND | _O_BINARY | _O_NOINHERIT);
	if (fd < 0)
		CloseHandle(file);
	return fd < 0 ? -EMFILE : fd;
}

FILE *file_open(const char *path)
{
	_cleanup_(freep) wchar_t *wide = wide_of(path);

	return wide ? _wfopen(wide, L"rbN") : NULL;
}

int file_rename(const char *from, const char *to)
{
	_cleanup_(freep) wchar_t *wide_from = wide_of(from), *wide_to = wide_of(to);

	if (!wide_from || !wide_to)
		return -EINVAL;
	return MoveFileExW(wide_from, wide_to, MOVEFILE_REPLACE_EXISTING)
		       ? 0
		       : wide_error(GetLastError());
}
