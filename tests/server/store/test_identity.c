#include "server/store/identity.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/key.h"
#include "tests/check.h"

#define KEY_TEXT "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEA="

struct place {
	char dir[32], file[64];
};

static void place_make(struct place *p)
{
	*p = (struct place){ .dir = "/tmp/identity-XXXXXX" };
	CHECK(mkdtemp(p->dir));
	snprintf(p->file, sizeof(p->file), "%s/node.key", p->dir);
}

static void place_remove(const struct place *p)
{
	unlink(p->file);
	CHECK_INT(rmdir(p->dir), 0); /* so nothing else was left there */
}

static void put_file(const struct place *p, const char *text, size_t n, mode_t mode)
{
	_cleanup_(fd_closep) int fd = open(p->file, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

	CHECK(fd >= 0);
	CHECK_INT(write(fd, text, n), n);
	CHECK_INT(fchmod(fd, mode), 0);
}

static mode_t mode_of(const struct place *p)
{
	struct stat st;

	CHECK_INT(stat(p->file, &st), 0);
	return st.st_mode & 07777;
}

TEST(made_once_and_read_again)
{
	struct ovd_key key, again, public_key, public_again, derived;
	struct place p, q;
	char text[KEY_TEXT_MAX];
	struct ovd_view file;

	place_make(&p);
	umask(0);
	CHECK_INT(identity_load(p.dir, &key, &public_key), 0);
	CHECK_INT(mode_of(&p), 0600);
	file = check_file(p.file);
	CHECK_INT(file.n, 45);
	CHECK_INT(file.p[44], '\n');
	CHECK_BYTES(file.p, key_format(&key, text), 44);
	CHECK_INT(key.b[0] & 7, 0); /* RFC 7748 section 5 */
	CHECK_INT(key.b[31] & 0xc0, 0x40);
	CHECK_INT(crypto_scalarmult_base(derived.b, key.b), 0);
	CHECK_SAME(&public_key, &derived);

	CHECK_INT(identity_load(p.dir, &again, &public_again), 0);
	CHECK_SAME(&again, &key);
	CHECK_SAME(&public_again, &public_key);

	place_make(&q);
	CHECK_INT(identity_load(q.dir, &again, &public_again), 0);
	CHECK(!key_eq(&again, &key));
	place_remove(&p);
	place_remove(&q);
}

TEST(a_file_that_is_none_stays_as_it_is)
{
	static const struct {
		const char *what, *text;
		size_t n;
		int r;
	} files[] = {
		{ "as written", KEY_TEXT "\n", 45, 0 },
		{ "without the newline", KEY_TEXT, 44, 0 },
		{ "empty", "", 0, -EBADMSG },
		{ "short", KEY_TEXT, 43, -EBADMSG },
		{ "long", KEY_TEXT "\n\n", 46, -EBADMSG },
		{ "two lines", KEY_TEXT "\n" KEY_TEXT "\n", 90, -EBADMSG },
		{ "another end", KEY_TEXT " ", 45, -EBADMSG },
		{ "not base64", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA*A=\n", 45, -EBADMSG },
		{ "a NUL", KEY_TEXT "\0", 45, -EBADMSG },
	};
	static const struct ovd_key untouched = { { 0xa5, 0x5a } };
	struct place p;

	place_make(&p);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct ovd_key key = untouched, public_key = untouched;
		struct ovd_view after;

		CASE("%s", files[i].what);
		put_file(&p, files[i].text, files[i].n, 0600);
		CHECK_INT(identity_load(p.dir, &key, &public_key), files[i].r);
		if (files[i].r < 0)
			CHECK_SAME(&key, &untouched);
		else
			CHECK_INT(key.b[31], 0x40);
		after = check_file(p.file);
		CHECK_INT(after.n, files[i].n);
		CHECK_BYTES(after.p, files[i].text, after.n);
	}
	place_remove(&p);
}

TEST(a_file_that_others_can_read_is_closed_to_them)
{
	static const mode_t modes[] = { 0644, 0666, 0640, 0400, 0600 };
	struct ovd_key key, public_key;
	struct place p;

	place_make(&p);
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		CASE("mode %o", modes[i]);
		put_file(&p, KEY_TEXT "\n", 45, modes[i]);
		CHECK_INT(identity_load(p.dir, &key, &public_key), 0);
		CHECK_INT(mode_of(&p), 0600);
	}
	place_remove(&p);
}

TEST(places_that_are_none)
{
	struct ovd_key key, public_key;
	char other[64];
	struct place p;

	CHECK_INT(identity_load("/nonexistent", &key, &public_key), -ENOENT);
	CHECK_INT(identity_load("/dev/null", &key, &public_key), -ENOTDIR);
	place_make(&p);
	snprintf(other, sizeof(other), "%s/other", p.dir);
	CHECK_INT(symlink(other, p.file), 0);
	CHECK_INT(identity_load(p.dir, &key, &public_key), -ELOOP);
	CHECK(access(other, F_OK) < 0);
	unlink(p.file);
	CHECK_INT(mkdir(p.file, 0700), 0);
	CHECK(identity_load(p.dir, &key, &public_key) < 0);
	CHECK_INT(rmdir(p.file), 0);
	place_remove(&p);
}

/* A crash between writing and renaming leaves the new file: it is written again. */
TEST(half_a_key_of_a_crash_is_no_key)
{
	struct ovd_key key, public_key, again;
	struct place p, half;

	place_make(&p);
	half = p;
	snprintf(half.file, sizeof(half.file), "%s/node.key.new", p.dir);
	put_file(&half, "AAAA", 4, 0600);
	CHECK_INT(identity_load(p.dir, &key, &public_key), 0);
	CHECK(access(half.file, F_OK) < 0);
	CHECK_INT(identity_load(p.dir, &again, &public_key), 0);
	CHECK_SAME(&again, &key);
	place_remove(&p);
}

/* ---- nothing of the key stays in memory but what the caller got ---- */

#define MASK 0xa5

/* A needle is kept masked, so that it is not found itself. */
struct needle {
	uint8_t b[KEY_TEXT_MAX];
	size_t n;
};

static struct needle hide(void *bytes, size_t n)
{
	struct needle needle = { .n = n };

	for (size_t i = 0; i < n; i++)
		needle.b[i] = ((uint8_t *)bytes)[i] ^ MASK;
	explicit_bzero(bytes, n);
	return needle;
}

__attribute__((no_sanitize("address"))) static bool stands_at(const uint8_t *p,
							      const struct needle *needle)
{
	size_t i = 0;

	while (i < needle->n && (p[i] ^ MASK) == needle->b[i])
		i++;
	return i == needle->n;
}

/* In the stack and the heap. */
__attribute__((no_sanitize("address"))) static unsigned count_copies(const struct needle *needle)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];
	unsigned n = 0;

	CHECK(maps);
	while (fgets(line, sizeof(line), maps)) {
		uintptr_t start, end;

		if (!strstr(line, "[stack]") && !strstr(line, "[heap]"))
			continue;
		CHECK_INT(sscanf(line, "%lx-%lx", &start, &end), 2);
		for (uintptr_t at = start; at + needle->n <= end; at++)
			n += stands_at((const uint8_t *)at, needle);
	}
	fclose(maps);
	return n;
}

__attribute__((noinline)) static void load(const struct place *p, struct needle *ret_key,
					   struct needle *ret_text)
{
	struct ovd_key key, public_key;
	char text[KEY_TEXT_MAX];

	CHECK_INT(identity_load(p->dir, &key, &public_key), 0);
	key_format(&key, text);
	*ret_text = hide(text, KEY_TEXT_MAX - 1);
	*ret_key = hide(&key, sizeof(key));
}

TEST(no_copy_stays_behind)
{
	struct needle key, text;
	struct place p;

	place_make(&p);
	for (int i = 0; i < 2; i++) {
		CASE("%s", i == 0 ? "made" : "read");
		load(&p, &key, &text);
		CHECK_INT(count_copies(&text), 0);
		CHECK_INT(count_copies(&key), 0);
	}
	place_remove(&p);
}
