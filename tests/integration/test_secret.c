/* A secret of a request is nowhere in the daemon's memory when the request has been answered. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/integration/daemon.h"

#define SECRET "4-secret-that-nobody-else-has"

static bool holds(int mem, unsigned long from, unsigned long to)
{
	_cleanup_(freep) char *bytes = malloc(to - from);
	ssize_t n;

	CHECK(bytes);
	n = pread(mem, bytes, to - from, (off_t)from);
	return n > 0 && memmem(bytes, (size_t)n, SECRET, strlen(SECRET));
}

/* What the daemon can write, it may have written there. */
static void check_forgotten(const struct test_daemon *d)
{
	char path[64], line[512], rights[8], name[256];
	_cleanup_(fd_closep) int mem = -1;
	unsigned long from, to;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)d->pid);
	mem = open(path, O_RDONLY | O_CLOEXEC);
	if (mem < 0)
		SKIP("no look at another process's memory here ");
	snprintf(path, sizeof(path), "/proc/%d/maps", (int)d->pid);
	maps = fopen(path, "re");
	CHECK(maps);
	while (fgets(line, sizeof(line), maps)) {
		name[0] = '\0';
		CHECK(sscanf(line, "%lx-%lx %7s %*s %*s %*s %255s", &from, &to, rights, name) >= 3);
		if (rights[1] == 'w' && to - from < 1ul << 30 && holds(mem, from, to))
			check_fail(__FILE__, __LINE__, "it is in %lx-%lx %s", from, to, name);
	}
	fclose(maps);
}

/* `text` is the secret as it is written; the request is refused, or not read at all with a tail
 * that is no JSON. */
static size_t make(char *frame, size_t size, const char *text, int n_blanks, const char *tail)
{
	uint32_t n = (uint32_t)snprintf(
		frame + 4, size - 4,
		"{\"frame\":\"request\",%*s\"id\":1,\"request\":{\"op\":\"setup_global_overlay\","
		"\"deployment\":\"\",\"instance_id\":\"i\",\"cluster_cidr\":\"c\",\"wg_port\":1,"
		"\"nat\":{\"turn_servers\":[{\"address\":\"192.0.2.1:3478\",\"username\":\"u\","
		"\"credential\":\"%s\"}]}}%s",
		n_blanks, "", text, tail);

	CHECK(n < size - 4);
	memcpy(frame, &n, sizeof(n));
	return 4 + n;
}

TEST(every_way_of_a_secret)
{
	static const struct {
		const char *what, *text, *tail, *want;
		int n_blanks;
		size_t kept; /* bytes at the end that are not sent */
	} ways[] = {
		{ "a request", SECRET, "}", "deployment: a name has", 0, 0 },
		{ "with escapes", "\\u0034-\\u0073ecret-that-nobody-else-has", "}", "deployment", 0,
		  0 },
		{ "a large one", SECRET, "}", "deployment", 100000, 0 },
		{ "no request", SECRET, "", "(byte ", 0, 0 },
		{ "half of one", SECRET, "}", NULL, 0, 3 },
		{ "half of a large one", SECRET, "}", NULL, 100000, 3 },
	};
	static char frame[200000];
	struct test_daemon d;
	int fd;

	fd = daemon_begin(&d);
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		size_t n = make(frame, sizeof(frame), ways[i].text, ways[i].n_blanks, ways[i].tail);
		_cleanup_(freep) char *answer = NULL;

		CASE("%s", ways[i].what);
		if (!ways[i].want) {
			int other = daemon_connect(&d);

			send_bytes(other, frame, n - ways[i].kept);
			shutdown(other, SHUT_WR);
			CHECK(!read_body(other));
			close(other);
		} else {
			send_bytes(fd, frame, n);
			answer = read_body(fd);
			CHECK(answer && strstr(answer, ways[i].want));
		}
		expect(fd, "{\"op\":\"status\"}", "\"status\""); /* the answer came first */
		check_forgotten(&d);
	}
	/* the first request is answered, the next one is half there */
	{
		size_t n = make(frame, sizeof(frame), SECRET, 0, "}");

		CASE("one behind the other");
		memcpy(frame + n, frame, n - 3);
		send_bytes(fd, frame, n + n - 3);
		free(read_body(fd));
		send_bytes(fd, frame + n - 3, 3);
		free(read_body(fd));
		expect(fd, "{\"op\":\"status\"}", "\"status\"");
		check_forgotten(&d);
	}
	daemon_end(&d, fd);
}
