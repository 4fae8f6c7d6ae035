#include "server/windows/data_dir.h"

#include <stdio.h>
#include <windows.h>

#include <sddl.h>

#include "runtime/paths.h"
#include "runtime/util.h"
#include "runtime/wide.h"

/* What is made in it inherits this. */
#define SDDL L"D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"

static int make(wchar_t *path, SECURITY_ATTRIBUTES *security);

static int make_above(wchar_t *path, SECURITY_ATTRIBUTES *security)
{
	wchar_t *end = path + wcslen(path), kept;
	int r;

	while (end > path && *end != L'\\' && *end != L'/')
		end--;
	if (end == path)
		return -ENOENT;
	kept = *end;
	*end = L'\0';
	r = make(path, security);
	*end = kept;
	return r;
}

static int make(wchar_t *path, SECURITY_ATTRIBUTES *security)
{
	DWORD error = CreateDirectoryW(path, security) ? 0 : GetLastError(), attributes;

	if (error == ERROR_PATH_NOT_FOUND) {
		int r = make_above(path, security);

		if (r < 0)
			return r;
		error = CreateDirectoryW(path, security) ? 0 : GetLastError();
	}
	if (error == 0)
		return 0;
	attributes = GetFileAttributesW(path);
	if (attributes == INVALID_FILE_ATTRIBUTES)
		return wide_error(error);
	return attributes & FILE_ATTRIBUTE_DIRECTORY ? 0 : -ENOTDIR;
}

int data_dir_make(const char *path)
{
	_cleanup_(freep) wchar_t *wide = wide_of(path);
	SECURITY_ATTRIBUTES security = { .nLength = sizeof(security) };
	int r;

	if (!wide || !*wide)
		return -EINVAL;
	if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(
		    SDDL, SDDL_REVISION_1, &security.lpSecurityDescriptor, NULL))
		return wide_error(GetLastError());
	r = make(wide, &security);
	LocalFree(security.lpSecurityDescriptor);
	return r;
}

int data_dir_lock(const char *path, void **ret_handle)
{
	char name[PATHS_MAX + 32], pid[32];
	_cleanup_(freep) wchar_t *wide = NULL;
	HANDLE file;
	DWORD n;

	snprintf(name, sizeof(name), "%s\\overlayd.lock", path);
	wide = wide_of(name);
	if (!wide)
		return -EINVAL;
	file = CreateFileW(wide, GENERIC_WRITE | DELETE, FILE_SHARE_READ, NULL, CREATE_ALWAYS,
			   FILE_ATTRIBUTE_NORMAL | FILE_FLAG_DELETE_ON_CLOSE, NULL);
	if (file == INVALID_HANDLE_VALUE)
		return GetLastError() == ERROR_SHARING_VIOLATION ? -EWOULDBLOCK
								 : wide_error(GetLastError());
	n = (DWORD)snprintf(pid, sizeof(pid), "%lu\n", GetCurrentProcessId());
	WriteFile(file, pid, n, &n, NULL);
	*ret_handle = file;
	return 0;
}
