#include <stdio.h>
#include <windows.h>

#include <aclapi.h>
#include <sddl.h>

#include "runtime/paths.h"
#include "runtime/util.h"
#include "runtime/wide.h"
#include "server/store/key_file.h"

/* LocalSystem and Administrators, and nothing inherited. */
#define SDDL L"D:P(A;;FA;;;SY)(A;;FA;;;BA)"

static wchar_t *path_in(const char *data_dir, const char *name)
{
	char path[PATHS_MAX + 32];

	snprintf(path, sizeof(path), "%s\\%s", data_dir, name);
	return wide_of(path);
}

/* The rights that a file was made with stay, so they are set once more. */
static int narrow(HANDLE file)
{
	PSECURITY_DESCRIPTOR descriptor;
	BOOL present, defaulted;
	PACL list;
	DWORD error;

	if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(SDDL, SDDL_REVISION_1,
								  &descriptor, NULL))
		return wide_error(GetLastError());
	GetSecurityDescriptorDacl(descriptor, &present, &list, &defaulted);
	error = SetSecurityInfo(file, SE_FILE_OBJECT,
				DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION,
				NULL, NULL, list, NULL);
	LocalFree(descriptor);
	return error ? wide_error(error) : 0;
}

static int open_file(const char *data_dir, const char *name, DWORD access, DWORD how, HANDLE *ret)
{
	_cleanup_(freep) wchar_t *path = path_in(data_dir, name);
	HANDLE file;
	int r;

	if (!path)
		return -EINVAL;
	file = CreateFileW(path, access | READ_CONTROL | WRITE_DAC, 0, NULL, how,
			   FILE_ATTRIBUTE_NORMAL | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
	if (file == INVALID_HANDLE_VALUE)
		return wide_error(GetLastError());
	r = narrow(file);
	if (r < 0) {
		CloseHandle(file);
		return r;
	}
	*ret = file;
	return 0;
}

int key_file_read(const char *data_dir, char *ret_text, size_t room, size_t *ret_n)
{
	DWORD n = 0;
	HANDLE file;
	int r = open_file(data_dir, KEY_FILE, GENERIC_READ, OPEN_EXISTING, &file);

	if (r < 0)
		return r;
	if (!ReadFile(file, ret_text, (DWORD)room, &n, NULL))
		r = wide_error(GetLastError());
	CloseHandle(file);
	if (r == 0)
		*ret_n = n;
	return r;
}

static int write_synced(const char *data_dir, const char *text, size_t n)
{
	DWORD put = 0;
	HANDLE file;
	int r = open_file(data_dir, "node.key.new", GENERIC_WRITE, CREATE_ALWAYS, &file);

	if (r < 0)
		return r;
	if (!WriteFile(file, text, (DWORD)n, &put, NULL) || put != n || !FlushFileBuffers(file))
		r = wide_error(GetLastError());
	CloseHandle(file);
	return r;
}

int key_file_write(const char *data_dir, const char *text, size_t n)
{
	_cleanup_(freep) wchar_t *from = path_in(data_dir, "node.key.new");
	_cleanup_(freep) wchar_t *to = path_in(data_dir, KEY_FILE);
	int r = from && to ? write_synced(data_dir, text, n) : -EINVAL;

	if (r == 0 && !MoveFileExW(from, to, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH))
		r = wide_error(GetLastError());
	return r;
}
