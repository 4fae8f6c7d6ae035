#include "server/linux/rtnl.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/server/linux/host.h"

/* ---- against a kernel that says what the test wants ---- */

struct script {
	char bytes[4096] __attribute__((aligned(NLMSG_ALIGNTO)));
	size_t n;
};

static struct nlmsghdr *add_answer(struct script *s, uint16_t type, uint16_t flags, const void *p,
				   size_t n)
{
	struct nlmsghdr *head = (void *)(s->bytes + s->n);

	*head = (struct nlmsghdr){ .nlmsg_len = (uint32_t)NLMSG_LENGTH(n),
				   .nlmsg_type = type,
				   .nlmsg_flags = flags };
	memcpy(NLMSG_DATA(head), p, n);
	s->n += NLMSG_SPACE(n);
	return head;
}

/* An acknowledgement, as netlink(7) has it: the question's header, the whole question unless it is
 * capped, then attributes. */
static void add_ack(struct script *s, int error, bool capped, const char *detail)
{
	char body[512] = { 0 };
	struct nlmsgerr *ack = (void *)body;
	size_t at = sizeof(*ack) + (capped ? 0 : 24);
	struct rtattr *a = (void *)(body + at);

	ack->error = error;
	ack->msg.nlmsg_len = NLMSG_HDRLEN + 24;
	if (detail) {
		a->rta_type = NLMSGERR_ATTR_MSG;
		a->rta_len = (uint16_t)RTA_LENGTH(strlen(detail) + 1);
		memcpy(RTA_DATA(a), detail, strlen(detail) + 1);
		at += RTA_SPACE(strlen(detail) + 1);
	}
	add_answer(s, NLMSG_ERROR,
		   (uint16_t)((capped ? NLM_F_CAPPED : 0) | (detail ? NLM_F_ACK_TLVS : 0)), body,
		   at);
}

static void say(int fd, struct script *s)
{
	CHECK_INT(send(fd, s->bytes, s->n, 0), s->n);
	s->n = 0;
}

/* [0]: ours; [1]: the kernel's. */
static void open_pair(int fds[2])
{
	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
}

static void close_pair(int fds[2])
{
	close(fds[0]);
	close(fds[1]);
}

static void put_link(struct rtnl_batch *b, uint16_t type, uint16_t flags, const char *name)
{
	const struct ifinfomsg any = { .ifi_family = AF_UNSPEC };

	rtnl_begin(b, type, flags, &any, sizeof(any));
	rtnl_put_text(b, IFLA_IFNAME, name);
}

TEST(a_batch_is_one_send)
{
	struct rtnl_batch b = { .n = 0 };
	struct script s = { .n = 0 };
	char bytes[4096] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *head = (void *)bytes;
	ssize_t n;
	int fds[2];

	open_pair(fds);
	for (int i = 0; i < 3; i++)
		add_ack(&s, 0, true, NULL);
	say(fds[1], &s);
	put_link(&b, RTM_NEWLINK, NLM_F_CREATE, "a");
	put_link(&b, RTM_NEWLINK, 0, "bc");
	put_link(&b, RTM_DELLINK, 0, "def");
	CHECK_INT(rtnl_send(fds[0], &b, NULL), 0);
	n = recv(fds[1], bytes, sizeof(bytes), 0);
	for (uint32_t i = 0; i < 3; i++, head = NLMSG_NEXT(head, n)) {
		CHECK(NLMSG_OK(head, (size_t)n));
		CHECK_INT(head->nlmsg_seq, i);
		CHECK_INT(head->nlmsg_type, i == 2 ? RTM_DELLINK : RTM_NEWLINK);
		CHECK_INT(head->nlmsg_flags,
			  NLM_F_REQUEST | NLM_F_ACK | (i == 0 ? NLM_F_CREATE : 0));
		CHECK_INT(head->nlmsg_len,
			  NLMSG_SPACE(sizeof(struct ifinfomsg)) + RTA_SPACE(i + 2));
	}
	CHECK_INT(n, 0);
	CHECK(recv(fds[1], bytes, sizeof(bytes), MSG_DONTWAIT) < 0);
	CHECK_INT(b.n, 0);
	CHECK_INT(b.count, 0);
	close_pair(fds);
}

/* In one datagram or each in its own; what is not an acknowledgement doesn't count. */
TEST(the_first_error_counts_with_its_detail)
{
	for (int mode = 0; mode < 4; mode++) {
		struct rtnl_batch b = { .n = 0 };
		struct script s = { .n = 0 };
		char detail[PLAN_DETAIL_MAX] = "";
		int fds[2];

		CASE("apart %d, capped %d", mode & 1, mode >> 1);
		open_pair(fds);
		add_answer(&s, RTM_NEWLINK, 0, "beside", 6);
		add_ack(&s, 0, mode >> 1, NULL);
		if (mode & 1)
			say(fds[1], &s);
		add_ack(&s, -EBUSY, mode >> 1, "first reason");
		if (mode & 1)
			say(fds[1], &s);
		add_ack(&s, -EPERM, mode >> 1, "second reason");
		say(fds[1], &s);
		for (int i = 0; i < 3; i++)
			put_link(&b, RTM_NEWLINK, 0, "x");
		CHECK_INT(rtnl_send(fds[0], &b, detail), -EBUSY);
		CHECK_STR(detail, "first reason");
		close_pair(fds);
	}
}

TEST(a_later_detail_is_not_the_first_errors)
{
	struct rtnl_batch b = { .n = 0 };
	struct script s = { .n = 0 };
	char detail[PLAN_DETAIL_MAX] = "";
	int fds[2];

	open_pair(fds);
	add_ack(&s, -EBUSY, true, NULL);
	add_ack(&s, -EPERM, true, "of another message");
	say(fds[1], &s);
	put_link(&b, RTM_NEWLINK, 0, "x");
	put_link(&b, RTM_NEWLINK, 0, "x");
	CHECK_INT(rtnl_send(fds[0], &b, detail), -EBUSY);
	CHECK_STR(detail, "");
	close_pair(fds);
}

TEST(a_long_detail_is_cut)
{
	struct rtnl_batch b = { .n = 0 };
	struct script s = { .n = 0 };
	char detail[PLAN_DETAIL_MAX] = "", text[300];
	int fds[2];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	open_pair(fds);
	add_ack(&s, -EBUSY, true, text);
	say(fds[1], &s);
	put_link(&b, RTM_NEWLINK, 0, "x");
	CHECK_INT(rtnl_send(fds[0], &b, detail), -EBUSY);
	CHECK_INT(strlen(detail), PLAN_DETAIL_MAX - 1);
	close_pair(fds);
}

struct seen {
	int things, restarts;
};

static void see(void *arg, const struct nlmsghdr *answer)
{
	((struct seen *)arg)->things += answer->nlmsg_type == RTM_NEWLINK;
}

static void forget(void *arg)
{
	((struct seen *)arg)->things = 0;
	((struct seen *)arg)->restarts++;
}

static void say_dump(int fd, int things, uint16_t flags)
{
	const int zero = 0;
	struct script s = { .n = 0 };

	for (int i = 0; i < things; i++) {
		add_answer(&s, RTM_NEWLINK, NLM_F_MULTI | (i == 0 ? flags : 0), "thing", 5);
		if (i % 2)
			say(fd, &s);
	}
	add_answer(&s, NLMSG_DONE, NLM_F_MULTI, &zero, sizeof(zero));
	say(fd, &s);
}

static int questions(int fd)
{
	char bytes[4096];
	int n = 0;

	while (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		n++;
	return n;
}

TEST(a_dump_in_pieces_and_one_answer)
{
	struct rtnl_batch b = { .n = 0 };
	struct script s = { .n = 0 };
	struct seen seen = { 0 };
	int fds[2];

	open_pair(fds);
	put_link(&b, RTM_GETLINK, NLM_F_DUMP, "x");
	say_dump(fds[1], 7, 0);
	CHECK_INT(rtnl_ask(fds[0], &b, see, forget, &seen), 0);
	CHECK_INT(seen.things, 7);
	CHECK_INT(seen.restarts, 0);
	add_answer(&s, RTM_NEWLINK, 0, "alone", 5);
	say(fds[1], &s);
	CHECK_INT(rtnl_ask(fds[0], &b, see, forget, &seen), 0);
	CHECK_INT(seen.things, 8);
	add_ack(&s, -ENODEV, true, NULL);
	say(fds[1], &s);
	CHECK_INT(rtnl_ask(fds[0], &b, see, forget, &seen), -ENODEV);
	CHECK_INT(questions(fds[1]), 3);
	close_pair(fds);
}

TEST(a_dump_that_ends_with_an_error)
{
	const int error = -ENOMEM;
	struct rtnl_batch b = { .n = 0 };
	struct script s = { .n = 0 };
	struct seen seen = { 0 };
	int fds[2];

	open_pair(fds);
	put_link(&b, RTM_GETLINK, NLM_F_DUMP, "x");
	add_answer(&s, RTM_NEWLINK, NLM_F_MULTI, "thing", 5);
	add_answer(&s, NLMSG_DONE, NLM_F_MULTI, &error, sizeof(error));
	say(fds[1], &s);
	CHECK_INT(rtnl_ask(fds[0], &b, see, forget, &seen), -ENOMEM);
	CHECK_INT(seen.things, 1);
	add_answer(&s, NLMSG_DONE, NLM_F_MULTI, "", 0); /* says nothing */
	say(fds[1], &s);
	CHECK_INT(rtnl_ask(fds[0], &b, see, forget, &seen), 0);
	add_answer(&s, NLMSG_ERROR, 0, "", 0);
	say(fds[1], &s);
	CHECK_INT(rtnl_ask(fds[0], &b, see, forget, &seen), -EBADMSG);
	close_pair(fds);
}

TEST(a_question_whose_answer_is_lost)
{
	const int error = -ENOBUFS;
	struct rtnl_batch b = { .n = 0 };
	struct script s = { .n = 0 };
	struct seen seen = { 0 };
	int fds[2];

	open_pair(fds);
	put_link(&b, RTM_GETLINK, NLM_F_DUMP, "x");
	add_answer(&s, RTM_NEWLINK, NLM_F_MULTI, "thing", 5);
	add_answer(&s, NLMSG_DONE, NLM_F_MULTI, &error, sizeof(error));
	say(fds[1], &s);
	say_dump(fds[1], 3, 0);
	CHECK_INT(rtnl_ask(fds[0], &b, see, forget, &seen), 0);
	CHECK_INT(seen.things, 3);
	CHECK_INT(seen.restarts, 1);
	CHECK_INT(questions(fds[1]), 2);
	close_pair(fds);
}

TEST(an_interrupted_dump_starts_again)
{
	struct rtnl_batch b = { .n = 0 };
	struct seen seen = { 0 };
	int fds[2];

	open_pair(fds);
	put_link(&b, RTM_GETLINK, NLM_F_DUMP, "x");
	say_dump(fds[1], 5, NLM_F_DUMP_INTR);
	say_dump(fds[1], 3, NLM_F_DUMP_INTR);
	say_dump(fds[1], 4, 0);
	CHECK_INT(rtnl_ask(fds[0], &b, see, forget, &seen), 0);
	CHECK_INT(seen.things, 4);
	CHECK_INT(seen.restarts, 2);
	CHECK_INT(questions(fds[1]), 3);
	for (int i = 0; i < 100; i++)
		say_dump(fds[1], 1, NLM_F_DUMP_INTR);
	CHECK_INT(rtnl_ask(fds[0], &b, see, NULL, &seen), -EINTR); /* not for ever */
	close_pair(fds);
}

/* ---- against the real one ---- */

static void put_made(struct rtnl_batch *b, const char *name, const char *kind)
{
	size_t info;

	put_link(b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, name);
	info = rtnl_nest(b, IFLA_LINKINFO);
	rtnl_put_text(b, IFLA_INFO_KIND, kind);
	rtnl_nest_end(b, info);
}

TEST(what_follows_an_error_is_carried_out)
{
	_cleanup_(fd_closep) int fd = -1;
	struct rtnl_batch b = { .n = 0 };
	char detail[PLAN_DETAIL_MAX] = "";

	host_enter();
	fd = rtnl_open();
	put_made(&b, "d0", "bridge");
	put_link(&b, RTM_DELLINK, 0, "none");
	put_made(&b, "d0", "bridge");
	put_made(&b, "d1", "bridge");
	CHECK_INT(rtnl_send(fd, &b, detail), -ENODEV);
	run("ip link show d0; ip link show d1");
	put_made(&b, "d0", "bridge");
	put_link(&b, RTM_DELLINK, 0, "none");
	put_link(&b, RTM_DELLINK, 0, "d1");
	CHECK_INT(rtnl_send(fd, &b, NULL), -EEXIST);
	CHECK(!succeeds("ip link show d1"));
	detail[0] = '\0';
	put_made(&b, "d2", "nosuchkind");
	CHECK_INT(rtnl_send(fd, &b, detail), -EOPNOTSUPP);
	CHECK_STR(detail, "Unknown device type");
	CHECK_INT(rtnl_send(fd, &b, NULL), 0); /* nothing to say */
}

TEST(too_much_is_not_sent_at_all)
{
	_cleanup_(fd_closep) int fd = -1;
	struct rtnl_batch b = { .n = 0 };
	size_t nest;

	host_enter();
	fd = rtnl_open();
	put_made(&b, "d0", "bridge");
	while (!b.overflow)
		put_link(&b, RTM_DELLINK, 0, "none");
	CHECK(b.n <= sizeof(b.bytes));
	nest = rtnl_nest(&b, IFLA_LINKINFO);
	rtnl_raw(&b, "beyond the end", 14);
	rtnl_nest_end(&b, nest);
	CHECK_INT(rtnl_send(fd, &b, NULL), -EMSGSIZE);
	CHECK(!succeeds("ip link show d0"));
	put_made(&b, "d0", "bridge");
	CHECK_INT(rtnl_send(fd, &b, NULL), 0);
	run("ip link show d0");
}

static int answers_seen; /* by count_answer */

static void count_answer(void *arg _unused_, const struct nlmsghdr *answer _unused_)
{
	answers_seen++;
}

/* An answer that is too long for its room, and others behind it. */
TEST(answers_to_what_failed_are_forgotten)
{
	static char large[70000];
	struct rtnl_batch b = { .n = 0 };
	struct script s = { .n = 0 };
	int fds[2];

	for (int mode = 0; mode < 2; mode++) {
		CASE("%s", mode ? "ask" : "send");
		open_pair(fds);
		CHECK_INT(send(fds[1], large, sizeof(large), 0), sizeof(large));
		add_ack(&s, -EBUSY, true, NULL);
		say(fds[1], &s);
		add_ack(&s, -EBUSY, true, NULL);
		say(fds[1], &s);
		put_link(&b, mode ? RTM_GETLINK : RTM_NEWLINK, 0, "x");
		if (mode)
			CHECK_INT(rtnl_ask(fds[0], &b, count_answer, NULL, NULL), -EMSGSIZE);
		else
			CHECK_INT(rtnl_send(fds[0], &b, NULL), -EMSGSIZE);
		add_ack(&s, -EPERM, true, NULL);
		say(fds[1], &s);
		b = (struct rtnl_batch){ .n = 0 };
		put_link(&b, RTM_NEWLINK, 0, "x");
		CHECK_INT(rtnl_send(fds[0], &b, NULL), -EPERM);
		close_pair(fds);
	}
	CHECK_INT(answers_seen, 0);
}

/* The kernel drops what has no room, and says so once. */
TEST(answers_that_were_lost)
{
	const int least = 1;
	struct rtnl_batch b = { .n = 0 };
	int fd;

	host_enter();
	fd = rtnl_open();
	CHECK_INT(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least)), 0);
	for (int i = 0; i < 60; i++)
		put_link(&b, RTM_DELLINK, 0, "none");
	CHECK_INT(rtnl_send(fd, &b, NULL), -ENOBUFS);
	put_link(&b, RTM_NEWLINK, 0, "lo");
	CHECK_INT(rtnl_send(fd, &b, NULL), 0);
	close(fd);
}

TEST(who_cannot_come_back_does_not_go_on)
{
	int fds[2], status;
	pid_t pid;

	host_enter();
	open_pair(fds);
	pid = fork();
	if (pid == 0) {
		const struct rlimit none = { 0 };
		int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

		setrlimit(RLIMIT_CORE, &none);
		signal(SIGABRT, SIG_DFL);
		rtnl_open_in(own, fds[0]);
		_exit(0);
	}
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	close_pair(fds);
}

TEST(a_socket_in_a_container)
{
	_cleanup_(fd_closep) int fd = -1, own = -1;
	struct rtnl_batch b = { .n = 0 };
	struct guest guest;
	struct stat before, after;

	host_enter();
	guest_start(&guest);
	own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	CHECK_INT(fstat(own, &before), 0);
	fd = rtnl_open_in(guest.netns, own);
	CHECK(fd >= 0);
	CHECK_INT(stat("/proc/thread-self/ns/net", &after), 0);
	CHECK_U64(after.st_ino, before.st_ino);
	put_made(&b, "inside", "bridge");
	CHECK_INT(rtnl_send(fd, &b, NULL), 0);
	run("%s ip link show inside", IN(&guest));
	CHECK(!succeeds("ip link show inside"));
	CHECK_INT(rtnl_open_in(fd, own), -EINVAL); /* not a namespace */
	guest_stop(&guest);
}
