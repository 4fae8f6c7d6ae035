#include "server/store/identity.h"

#include <errno.h>
#include <sodium.h>

#include "runtime/util.h"
#include "server/store/key_file.h"

#define FILE_BYTES KEY_TEXT_MAX /* 44 characters and a newline */

static int read_key(const char *data_dir, struct ovd_key *ret)
{
	char text[FILE_BYTES + 1];
	size_t n;
	int r = key_file_read(data_dir, text, sizeof(text), &n);

	if (r < 0)
		return r;
	if (n == FILE_BYTES && text[FILE_BYTES - 1] == '\n')
		n--;
	r = key_parse((struct ovd_view){ .p = text, .n = n }, ret);
	explicit_bzero(text, sizeof(text));
	return r < 0 ? -EBADMSG : 0;
}

static int write_key(const char *data_dir, const struct ovd_key *key)
{
	char text[FILE_BYTES + 1];
	int r;

	key_format(key, text);
	text[FILE_BYTES - 1] = '\n';
	r = key_file_write(data_dir, text, FILE_BYTES);
	explicit_bzero(text, sizeof(text));
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
	struct ovd_key key;
	int r;

	if (sodium_init() < 0)
		return -EIO;
	r = read_key(data_dir, &key);
	if (r == -ENOENT) {
		make_key(&key);
		r = write_key(data_dir, &key);
	}
	if (r == 0 && crypto_scalarmult_base(ret_public->b, key.b) < 0)
		r = -EBADMSG;
	if (r == 0)
		*ret_private = key;
	explicit_bzero(&key, sizeof(key));
	return r;
}

int identity_public(const struct ovd_key *private_key, struct ovd_key *ret)
{
	if (sodium_init() < 0)
		return -EIO;
	return crypto_scalarmult_base(ret->b, private_key->b) < 0 ? -EIO : 0;
}

int identity_make(struct ovd_key *ret_private, struct ovd_key *ret_public)
{
	if (sodium_init() < 0)
		return -EIO;
	make_key(ret_private);
	return identity_public(ret_private, ret_public);
}
