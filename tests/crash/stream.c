#include "tests/crash/stream.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/crash/node.h"

#define PORT          9000
#define PACKETS_MAX   1000000
#define INTERVAL      1000000 /* nanoseconds */
#define QUIET_MS      100
#define LATE_MS       50
#define LATE_TRIES    100 /* so often what is on the way on a busy machine is waited for */
#define RECEIVERS_MAX 2
#define ROOM          (8 << 20) /* bytes: of what waits while a busy machine does something else */

struct stream {
	bool warm, stop, end; /* stop: of the sender; end: of who receives */
	unsigned sent, failed, received[RECEIVERS_MAX];
	uint8_t seen[PACKETS_MAX / 8];
	pid_t sender, receivers[RECEIVERS_MAX];
	int n_receivers, n_listening;
};

static int open_socket(const struct guest *guest)
{
	const struct timeval most = { .tv_usec = QUIET_MS * 1000 };
	const int room = ROOM;
	int fd;

	enter_netns(guest->netns);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	CHECK(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	CHECK_INT(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof(most)), 0);
	return fd;
}

/* The time of the packet after one that was to be sent at `last`. A sender that is late doesn't
 * hurry: wireguard-go's socket has room for a sixth of a second. */
static struct timespec time_of_next(struct timespec last)
{
	struct timespec now, next = last;

	next.tv_nsec += INTERVAL;
	next.tv_sec += next.tv_nsec / 1000000000;
	next.tv_nsec %= 1000000000;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec > next.tv_sec || (now.tv_sec == next.tv_sec && now.tv_nsec > next.tv_nsec))
		next = now;
	return next;
}

/* Number 0 is sent until the way is found. */
static _Noreturn void be_sender(struct stream *s, const struct guest *guest, const char *ip)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int fd = open_socket(guest);
	struct timespec next;
	unsigned number = 0;

	inet_pton(AF_INET, ip, &to.sin_addr);
	clock_gettime(CLOCK_MONOTONIC, &next);
	while (!__atomic_load_n(&s->stop, __ATOMIC_ACQUIRE) && number < PACKETS_MAX - 1) {
		number += __atomic_load_n(&s->warm, __ATOMIC_ACQUIRE);
		if (sendto(fd, &number, sizeof(number), 0, (struct sockaddr *)&to, sizeof(to)) < 0)
			s->failed += number > 0;
		s->sent = number;
		next = time_of_next(next);
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
	_exit(0);
}

static _Noreturn void be_receiver(struct stream *s, int i, const struct guest *guest)
{
	const struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int fd = open_socket(guest);
	unsigned number;
	uint8_t bit, was;

	if (bind(fd, (const struct sockaddr *)&any, sizeof(any)) < 0)
		_exit(1);
	__atomic_add_fetch(&s->n_listening, 1, __ATOMIC_RELEASE);
	for (;;) {
		ssize_t n = recv(fd, &number, sizeof(number), 0);

		if (n < 0 && __atomic_load_n(&s->end, __ATOMIC_ACQUIRE))
			_exit(0);
		if (n != sizeof(number) || number >= PACKETS_MAX)
			continue;
		__atomic_store_n(&s->warm, true, __ATOMIC_RELEASE);
		bit = (uint8_t)(1 << number % 8);
		was = __atomic_fetch_or(&s->seen[number / 8], bit, __ATOMIC_RELAXED);
		s->received[i] += number > 0 && !(was & bit);
	}
}

void stream_also_to(struct stream *s, const struct guest *to)
{
	const struct timespec moment = { .tv_nsec = INTERVAL };
	int i = s->n_receivers++;
	pid_t pid;

	CHECK(i < RECEIVERS_MAX);
	pid = fork();
	if (pid == 0)
		be_receiver(s, i, to);
	CHECK(pid > 0);
	s->receivers[i] = pid;
	while (__atomic_load_n(&s->n_listening, __ATOMIC_ACQUIRE) <= i) /* a hang is the failure */
		nanosleep(&moment, NULL);
}

struct stream *stream_start(const struct guest *from, const struct guest *to, const char *ip)
{
	struct stream *s =
		mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const struct timespec moment = { .tv_nsec = INTERVAL };
	pid_t sender;

	CHECK(s != MAP_FAILED);
	stream_also_to(s, to);
	sender = fork();
	if (sender == 0)
		be_sender(s, from, ip);
	s->sender = sender;
	while (!__atomic_load_n(&s->warm, __ATOMIC_ACQUIRE)) /* a hang is the failure */
		nanosleep(&moment, NULL);
	return s;
}

/* 0: none. */
static unsigned first_lost(const struct stream *s)
{
	for (unsigned number = 1; number <= s->sent; number++)
		if (!(__atomic_load_n(&s->seen[number / 8], __ATOMIC_RELAXED) >> number % 8 & 1))
			return number;
	return 0;
}

void stream_stop(struct stream *s)
{
	const struct timespec moment = { .tv_nsec = LATE_MS * 1000000 };

	__atomic_store_n(&s->stop, true, __ATOMIC_RELEASE);
	CHECK_INT(waitpid(s->sender, NULL, 0), s->sender);
	for (int i = 0; i < LATE_TRIES && first_lost(s); i++)
		nanosleep(&moment, NULL);
	__atomic_store_n(&s->end, true, __ATOMIC_RELEASE);
	for (int i = 0; i < s->n_receivers; i++) {
		CHECK_INT(waitpid(s->receivers[i], NULL, 0), s->receivers[i]);
		CHECK(s->received[i] > 0);
	}
	CHECK(s->sent > 100);
	CHECK_INT(s->failed, 0);
	CASE("of %u", s->sent);
	CHECK_INT(first_lost(s), 0);
	munmap(s, sizeof(*s));
}
