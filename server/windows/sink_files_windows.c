#include <stdio.h>

#include <windows.h>

#include <sddl.h>

#include "runtime/util.h"
#include "runtime/wide.h"
#include "server/guest/sink_files.h"

/* LocalSystem and Administrators, and nothing inherited. */
#define SDDL L"D:P(A;;FA;;;SY)(A;;FA;;;BA)"

static int errno_of(DWORD error)
{
	if (error == ERROR_DISK_FULL || error == ERROR_HANDLE_DISK_FULL)
		return -ENOSPC;
	return wide_error(error);
}

/* A new file is made with these rights; one that was there keeps its own. A link is opened itself,
 * and can't be written. */
static HANDLE open_private(const wchar_t *path)
{
	SECURITY_ATTRIBUTES rights = { .nLength = sizeof(rights) };
	HANDLE file;
	DWORD error;

	if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(
		    SDDL, SDDL_REVISION_1, &rights.lpSecurityDescriptor, NULL))
		return INVALID_HANDLE_VALUE;
	file = CreateFileW(path, GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_DELETE, &rights,
			   OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
	error = GetLastError();
	LocalFree(rights.lpSecurityDescriptor);
	SetLastError(error);
	return file;
}

static int open_file(void *arg _unused_, const char *path, intptr_t *ret_handle, uint64_t *ret_size)
{
	_cleanup_(freep) wchar_t *wide = wide_of(path);
	LARGE_INTEGER size;
	HANDLE file;
	int r;

	if (!wide)
		return -EINVAL;
	file = open_private(wide);
	if (file == INVALID_HANDLE_VALUE)
		return errno_of(GetLastError());
	if (!GetFileSizeEx(file, &size) ||
	    !SetFilePointerEx(file, (LARGE_INTEGER){ 0 }, NULL, FILE_END)) {
		r = errno_of(GetLastError());
		CloseHandle(file);
		return r;
	}
	*ret_handle = (intptr_t)file;
	*ret_size = (uint64_t)size.QuadPart;
	return 0;
}

static int append(void *arg _unused_, intptr_t handle, const void *p, size_t n)
{
	for (size_t done = 0; done < n;) {
		DWORD wrote, rest = (DWORD)MIN(n - done, INT32_MAX);

		if (!WriteFile((HANDLE)handle, (const char *)p + done, rest, &wrote, NULL))
			return errno_of(GetLastError());
		if (wrote == 0)
			return -ENOSPC;
		done += wrote;
	}
	return 0;
}

/* What is appended next begins there. */
static int truncate_file(void *arg _unused_, intptr_t handle, uint64_t size)
{
	const LARGE_INTEGER end = { .QuadPart = (LONGLONG)size };

	if (!SetFilePointerEx((HANDLE)handle, end, NULL, FILE_BEGIN) ||
	    !SetEndOfFile((HANDLE)handle))
		return errno_of(GetLastError());
	return 0;
}

static void close_file(void *arg _unused_, intptr_t handle)
{
	CloseHandle((HANDLE)handle);
}

static int rename_file(void *arg _unused_, const char *from, const char *to)
{
	_cleanup_(freep) wchar_t *wide_from = wide_of(from), *wide_to = wide_of(to);

	if (!wide_from || !wide_to)
		return -EINVAL;
	return MoveFileExW(wide_from, wide_to, MOVEFILE_REPLACE_EXISTING)
		       ? 0
		       : errno_of(GetLastError());
}

const struct sink_files sink_files_native = {
	.open = open_file,
	.append = append,
	.truncate = truncate_file,
	.close = close_file,
	.rename = rename_file,
};
