#include "server/store/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/util.h"

#define KEY_FILE     "node.key"
#define KEY_FILE_NEW "node.key.new"
#define FILE_BYTES   KEY_TEXT_MAX /* 44 characters and a newline */

static int read_key(int dir, struct ovd_key *ret)
{
	_cleanup_(fd_closep) int fd = openat(dir, KEY_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char text[FILE_BYTES + 1];
	ssize_t n;
	int r;

	if (fd < 0)
		return -errno;
	if (fchmod(fd, 0600) < 0)
		return -errno;
	n = read(fd, text, sizeof(text));
	if (n < 0)
		return -errno;
	if (n == FILE_BYTES && text[FILE_BYTES - 1] == '\n')
		n--;
	r = key_parse((struct ovd_view){ .p = text, .n = (size_t)n }, ret);
	explicit_bzero(text, sizeof(text));
	return r < 0 ? -EBADMSG : 0;
}

static int write_synced(int dir, const char *text)
{
	_cleanup_(fd_closep) int fd = openat(
		dir, KEY_FILE_NEW, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return -errno;
	if (write(fd, text, FILE_BYTES) != FILE_BYTES || fsync(fd) < 0)
		return errno ? -errno : -EIO;
	return 0;
}

static int write_key(int dir, const struct ovd_key *key)
{
	char text[FILE_BYTES + 1];
	int r;

	key_format(key, text);
	text[FILE_BYTES - 1] = '\n';
	errno = 0;
	r = write_synced(dir, text);
	explicit_bzero(text, sizeof(text));
	if (r == 0 && (renameat(dir, KEY_FILE_NEW, dir, KEY_FILE) < 0 || fsync(dir) < 0))
		r = -errno;
	return r;
}

/* RFC 7748 section 5: the bits that every X25519 private key has alike. */
static void make_key(struct ovd_key *ret)
{
	randombytes_buf(ret->b, sizeof(ret->b));
	ret->b[0] &= 248;
	ret->b[31] = (uint8_t)((ret->b[31] & 127) | 64);
}

int identity_load(const char *data_dir, struct ovd_key *ret_private, struct ovd_key *ret_public)
{
	_cleanup_(fd_closep) int dir = open(data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct ovd_key key;
	int r;

	if (dir < 0)
		return -errno;
	if (sodium_init() < 0)
		return -EIO;
	r = read_key(dir, &key);
	if (r == -ENOENT) {
		make_key(&key);
		r = write_key(dir, &key);
	}
	if (r == 0 && crypto_scalarmult_base(ret_public->b, key.b) < 0)
		r = -EBADMSG;
	if (r == 0)
		*ret_private = key;
	explicit_bzero(&key, sizeof(key));
	return r;
}

int identity_make(struct ovd_key *ret_private, struct ovd_key *ret_public)
{
	if (sodium_init() < 0)
		return -EIO;
	make_key(ret_private);
	return crypto_scalarmult_base(ret_public->b, ret_private->b) < 0 ? -EIO : 0;
}
