#define _SEARCH_PRIVATE /* for what a node is */
#include <fnmatch.h>
#include <search.h>
#include <windows.h>

#include "runtime/util.h"

void explicit_bzero(void *p, size_t n)
{
	SecureZeroMemory(p, n);
}

void *memrchr(const void *p, int c, size_t n)
{
	const unsigned char *bytes = p;

	while (n > 0)
		if (bytes[--n] == (unsigned char)c)
			return (void *)(bytes + n);
	return NULL;
}

void *memmem(const void *p, size_t n, const void *wanted, size_t wanted_n)
{
	for (const char *at = p; n >= wanted_n; at++, n--)
		if (memcmp(at, wanted, wanted_n) == 0)
			return (void *)at;
	return NULL;
}

char *strndup(const char *s, size_t n)
{
	size_t length = strnlen(s, n);
	char *copy = malloc(length + 1);

	if (copy) {
		memcpy(copy, s, length);
		copy[length] = '\0';
	}
	return copy;
}

const char *errno_text(int number)
{
	static const struct {
		int number;
		const char *text;
	} texts[] = {
		{ EPERM, "Operation not permitted" },
		{ ENOENT, "No such file or directory" },
		{ ESRCH, "No such process" },
		{ EINTR, "Interrupted" },
		{ EIO, "Input/output error" },
		{ E2BIG, "Too long" },
		{ EBADF, "Bad file descriptor" },
		{ EAGAIN, "Resource temporarily unavailable" },
		{ ENOMEM, "Cannot allocate memory" },
		{ EACCES, "Permission denied" },
		{ EBUSY, "Device or resource busy" },
		{ EEXIST, "File exists" },
		{ ENODEV, "No such device" },
		{ ENOTDIR, "Not a directory" },
		{ EINVAL, "Invalid argument" },
		{ EMFILE, "Too many open files" },
		{ ENOSPC, "No space left on device" },
		{ EPIPE, "Broken pipe" },
		{ ERANGE, "Numerical result out of range" },
		{ ENAMETOOLONG, "File name too long" },
		{ ENOSYS, "Function not implemented" },
		{ EADDRINUSE, "Address already in use" },
		{ EADDRNOTAVAIL, "Cannot assign requested address" },
		{ EALREADY, "Operation already in progress" },
		{ EBADMSG, "Bad message" },
		{ ECANCELED, "Operation canceled" },
		{ ECONNREFUSED, "Connection refused" },
		{ ECONNRESET, "Connection reset by peer" },
		{ EINPROGRESS, "Operation now in progress" },
		{ EMSGSIZE, "Message too long" },
		{ ENOBUFS, "No buffer space available" },
		{ ENOTCONN, "Not connected" },
		{ ENOTSUP, "Operation not supported" },
		{ EPROTO, "Protocol error" },
		{ ESHUTDOWN, "Shut down" },
		{ ETIMEDOUT, "Timed out" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (texts[i].number == number)
			return texts[i].text;
	return "Unknown error";
}

int fnmatch(const char *pattern, const char *text, int flags)
{
	for (; *pattern && *pattern != '*'; pattern++, text++)
		if (!*text || (*pattern != '?' && *pattern != *text))
			return 1;
	if (!*pattern)
		return *text != '\0';
	do
		if (fnmatch(pattern + 1, text, flags) == 0)
			return 0;
	while (*text++);
	return 1;
}

/* ---- search.h ---- */

void tdestroy(void *root, void (*free_key)(void *key))
{
	node_t *node = root;

	if (!node)
		return;
	tdestroy(node->llink, free_key);
	tdestroy(node->rlink, free_key);
	free_key(node->key);
	free(node);
}

void twalk_r(const void *root, void (*action)(const void *node, VISIT which, void *closure),
	     void *closure)
{
	const node_t *node = root;

	if (!node)
		return;
	if (!node->llink && !node->rlink) {
		action(node, leaf, closure);
		return;
	}
	action(node, preorder, closure);
	twalk_r(node->llink, action, closure);
	action(node, postorder, closure);
	twalk_r(node->rlink, action, closure);
	action(node, endorder, closure);
}
