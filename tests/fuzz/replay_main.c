/* Gives a fuzz target files, one by one: those that are named, and all of the folders that are.
 * Each name is printed first: where it fails, the last one is to blame. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "runtime/buf.h"
#include "tests/fuzz/fuzz.h"

static int read_file(const char *path, struct buf *b)
{
	FILE *file = fopen(path, "re");
	size_t n = 1;

	while (file && n > 0 && buf_reserve(b, 65536) == 0) {
		n = fread(b->p + b->n, 1, 65536, file);
		b->n += n;
	}
	if (!file || ferror(file)) {
		perror(path);
		return -EIO;
	}
	fclose(file);
	return 0;
}

/* The target gets memory of just that size: a sanitizer sees what is read beyond. */
static int replay(const char *path)
{
	_cleanup_(buf_done) struct buf b = { .p = NULL };
	uint8_t *exact;
	int r = read_file(path, &b);

	if (r < 0)
		return r;
	exact = malloc(b.n);
	if (!exact && b.n > 0)
		return -ENOMEM;
	if (b.n > 0)
		memcpy(exact, b.p, b.n);
	puts(path);
	fflush(stdout);
	LLVMFuzzerTestOneInput(exact, b.n);
	free(exact);
	return 1;
}

static int is_seen(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* How many files there were. */
static int replay_folder(const char *path)
{
	struct dirent **entries;
	int n = scandir(path, &entries, is_seen, alphasort), r = n;

	for (int i = 0; i < n; i++) {
		char name[4096];

		snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
		if (r >= 0 && replay(name) < 0)
			r = -EIO;
		free(entries[i]);
	}
	if (n < 0)
		perror(path);
	else
		free(entries);
	return r;
}

int main(int argc, char **argv)
{
	int n = 0;

	for (int i = 1; i < argc; i++) {
		struct stat st;
		int r = stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode) ? replay_folder(argv[i])
								       : replay(argv[i]);

		if (r < 0)
			return 1;
		n += r;
	}
	printf("%d inputs\n", n);
	return n == 0;
}
