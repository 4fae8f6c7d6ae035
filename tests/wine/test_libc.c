/* What stands in for glibc. */
#include <fnmatch.h>
#include <search.h>

#include "tests/check.h"

TEST(memory)
{
	static const char text[] = "abcabc";
	char secret[] = "secret";
	char *copy;

	CHECK(memrchr(text, 'a', 6) == text + 3 && memrchr(text, 'a', 3) == text);
	CHECK(!memrchr(text, 'x', 6) && !memrchr(text, 'a', 0));
	CHECK(memmem(text, 6, "ca", 2) == text + 2 && memmem(text, 6, "", 0) == text);
	CHECK(!memmem(text, 6, "cab ", 4) && !memmem(text, 2, "abc", 3));
	copy = strndup(text, 2);
	CHECK_STR(copy, "ab");
	free(copy);
	copy = strndup(text, sizeof(text) - 1);
	CHECK_STR(copy, text);
	free(copy);
	explicit_bzero(secret, sizeof(secret));
	CHECK_BYTES(secret, "\0\0\0\0\0\0\0", sizeof(secret));
}

TEST(patterns)
{
	static const struct {
		const char *pattern, *text;
		bool fits;
	} rows[] = {
		{ "*", "", true },      { "a.*", "a.b", true },   { "a.*", "ab", false },
		{ "*.b", "a.b", true }, { "*b*d", "abcd", true }, { "*b*d", "abc", false },
		{ "a?c", "abc", true }, { "a?c", "ac", false },   { "abc", "abcd", false },
		{ "", "", true },       { "**a", "bca", true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CASE("%s %s", rows[i].pattern, rows[i].text);
		CHECK_INT(fnmatch(rows[i].pattern, rows[i].text, 0) == 0, rows[i].fits);
	}
}

TEST(words_of_errors)
{
	static const int numbers[] = { EINVAL,    ENOENT,  ETIMEDOUT, EOPNOTSUPP,
				       ESHUTDOWN, EBADMSG, ENOTCONN };

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		CHECK(strcmp(strerror(numbers[i]), "Unknown error") != 0);
	CHECK_STR(strerror(ENOENT), "No such file or directory");
	CHECK_STR(strerror(99999), "Unknown error");
	CHECK_INT(EOPNOTSUPP, ENOTSUP);
}

/* ---- trees ---- */

struct walked {
	int keys[64];
	unsigned n, n_leaves, n_nodes;
};

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void note(const void *node, VISIT which, void *closure)
{
	struct walked *walked = closure;

	walked->n_leaves += which == leaf;
	walked->n_nodes += which == preorder || which == leaf;
	if (which == leaf || which == postorder)
		walked->keys[walked->n++] = **(int *const *)node;
}

TEST(trees)
{
	struct walked walked = { .n = 0 };
	void *root = NULL;

	twalk_r(NULL, note, &walked);
	CHECK_INT(walked.n, 0);
	for (int i = 0; i < 20; i++) {
		int *key = malloc(sizeof(*key));

		CHECK(key);
		*key = i * 7 % 20;
		CHECK(tsearch(key, &root, compare));
	}
	twalk_r(root, note, &walked);
	CHECK(walked.n == 20 && walked.n_nodes == 20 && walked.n_leaves > 0);
	for (int i = 0; i < 20; i++)
		CHECK_INT(walked.keys[i], i);
	tdestroy(root, free);
	tdestroy(NULL, free);
}
