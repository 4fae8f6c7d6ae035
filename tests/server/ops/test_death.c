#include "server/ops/death.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/ops/chore.h"
#include "tests/check.h"
#include "tests/server/ops/node.h"

#define SERVICE "{\"op\":\"setup_service_overlay\",\"service\":\"web\",\"mode\":\"auto\"}"
#define PID     "\"handle\":{\"platform\":\"linux_pid\",\"pid\":5}"
#define NETNS   "\"handle\":{\"platform\":\"linux_netns\",\"path\":\"/a\"}"
#define ATTACH(handle)                                                                             \
	"{\"op\":\"attach_container\"," handle ",\"service\":\"web\",\"join_global\":false}"
#define EPHEMERAL                                                                                  \
	"{\"op\":\"attach_container\"," PID                                                        \
	",\"service\":\"web\",\"join_global\":false,\"ephemeral\":true}"
#define DETACH(handle) "{\"op\":\"detach_container\"," handle "}"

/* A process that can end: readable then, as a pidfd is. */
static int process_new(struct node *n)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	n->process = dup(fd);
	return fd;
}

static void end(int process)
{
	eventfd_write(process, 1);
}

static void begin(struct node *n)
{
	node_start(n);
	CHECK_INT(deaths_new(&n->daemon), 0);
	CHECK_INT(deaths_start(&n->daemon), 0);
	node_ask(n, SERVICE, "\"service_overlay\"");
}

static void finish(struct node *n)
{
	deaths_close(&n->daemon);
	node_stop(n);
}

/* Within 10 s there are so many containers. */
static void turn_until(struct node *n, size_t containers)
{
	for (int i = 0; i < 1000 && engine_attachment_count(n->daemon.engine) != containers; i++) {
		node_turn(n);
		usleep(10000);
	}
	CHECK_INT(engine_attachment_count(n->daemon.engine), containers);
	for (int i = 0; i < 1000 && (deaths_busy(&n->daemon) || chores_busy(&n->daemon)); i++) {
		node_turn(n);
		usleep(1000);
	}
}

TEST(a_process_that_ends)
{
	int process;
	struct node n;

	begin(&n);
	process = process_new(&n);
	node_ask(&n, ATTACH(PID), "10.200.187.130");
	node_turn(&n);
	CHECK_INT(engine_attachment_count(n.daemon.engine), 1);
	end(process);
	turn_until(&n, 0);
	CHECK(!strstr(net_fake_text(&n.fake), "port"));
	close(process);
	finish(&n);
}

TEST(one_that_was_detached_is_not_watched)
{
	int process;
	struct node n;

	begin(&n);
	process = process_new(&n);
	node_ask(&n, ATTACH(PID), "\"attached\"");
	node_ask(&n, DETACH(PID), "\"ok\"");
	node_ask(&n, ATTACH(PID), "\"attached\""); /* nobody hears of this one's end */
	end(process);
	node_turn(&n);
	CHECK_INT(engine_attachment_count(n.daemon.engine), 1);
	close(process);
	finish(&n);
}

TEST(its_service_goes_with_it)
{
	int process;
	struct node n;

	begin(&n);
	process = process_new(&n);
	node_ask(&n, EPHEMERAL, "\"attached\"");
	end(process);
	turn_until(&n, 0);
	CHECK_INT(engine_service_count(n.daemon.engine), 0);
	CHECK(!strstr(net_fake_text(&n.fake), "bridge"));
	close(process);
	finish(&n);
}

/* What the container needs is just being made: it is looked at again. */
TEST(busy)
{
	struct intent *intent;
	struct plan plan = { .n = 0 };
	int process;
	struct node n;

	begin(&n);
	process = process_new(&n);
	node_ask(&n, ATTACH(PID), "\"attached\"");
	CHECK_INT(engine_service_setup(n.daemon.engine, view("web"), SERVICE_AUTO, &plan, &intent),
		  0);
	end(process);
	node_turn(&n);
	CHECK_INT(engine_attachment_count(n.daemon.engine), 1);
	engine_drop(n.daemon.engine, intent);
	plan_done(&plan);
	turn_until(&n, 0);
	close(process);
	finish(&n);
}

/* The address stays taken, as the link may be there still; then it is tried again. */
TEST(a_failure)
{
	int process;
	struct node n;

	begin(&n);
	process = process_new(&n);
	node_ask(&n, ATTACH(PID), "\"attached\"");
	n.fake.steps = n.fake.fail_at = 0;
	end(process);
	for (int i = 0; i < 1000 && (n.fake.steps == 0 || deaths_busy(&n.daemon)); i++) {
		node_turn(&n);
		usleep(1000);
	}
	n.fake.fail_at = -1;
	CHECK_INT(engine_attachment_count(n.daemon.engine), 1);
	turn_until(&n, 0);
	close(process);
	finish(&n);
}

TEST(nothing_is_begun_at_the_end)
{
	int process;
	struct node n;

	begin(&n);
	process = process_new(&n);
	node_ask(&n, ATTACH(PID), "\"attached\"");
	deaths_stop(&n.daemon);
	end(process);
	node_turn(&n);
	CHECK(!deaths_busy(&n.daemon));
	CHECK_INT(engine_attachment_count(n.daemon.engine), 1);
	close(process);
	finish(&n);
}

/* With it go its links; a link alone may go, too. */
TEST(a_namespace_that_ends)
{
	static const char *const heard[] = { "zl-00001002-0", NULL };

	for (size_t i = 0; i < ARRAY_SIZE(heard); i++) {
		struct node n;

		CASE("%zu", i);
		begin(&n);
		node_ask(&n, ATTACH(NETNS), "\"attached\"");
		n.link_gone = heard[i];
		eventfd_write(n.links, 1);
		node_turn(&n);
		CHECK_INT(engine_attachment_count(n.daemon.engine), 1);
		n.netns_ended = true;
		n.link_gone = "zl-00001003-0";
		eventfd_write(n.links, 1);
		node_turn(&n);
		CHECK_INT(engine_attachment_count(n.daemon.engine), 1);
		n.link_gone = heard[i];
		eventfd_write(n.links, 1);
		turn_until(&n, 0);
		finish(&n);
	}
}

/* Who deletes it is told nothing; who attaches once more, that it has to be made anew. */
TEST(a_link_that_somebody_deletes)
{
	static const char *const heard[] = { "zl-00001002-0", NULL };

	for (size_t i = 0; i < ARRAY_SIZE(heard); i++) {
		struct node n;

		CASE("%zu", i);
		begin(&n);
		node_ask(&n, ATTACH(NETNS), "\"attached\"");
		n.link_gone = heard[i];
		eventfd_write(n.links, 1);
		node_turn(&n);
		node_ask(&n, ATTACH(NETNS), "\"attached\"");
		n.no_links = true;
		eventfd_write(n.links, 1);
		node_turn(&n);
		CHECK_INT(engine_attachment_count(n.daemon.engine), 1);
		node_ask(&n, ATTACH(NETNS), "its link was deleted: detach it first");
		n.no_links = false;
		node_ask(&n, DETACH(NETNS), "\"ok\"");
		node_ask(&n, ATTACH(NETNS), "\"attached\"");
		finish(&n);
	}
}

/* Its own end takes a link along, and so does the daemon's. */
TEST(a_link_that_nobody_deletes)
{
	const struct owner container = { .pid = 5 };
	struct plan plan = { .n = 0 };
	struct intent *intent;
	int process;
	struct node n;

	begin(&n);
	process = process_new(&n);
	node_ask(&n, ATTACH(PID), "\"attached\"");
	deaths_stop(&n.daemon);
	n.no_links = true;
	n.link_gone = NULL;
	eventfd_write(n.links, 1);
	node_turn(&n);
	CHECK(engine_attachment_lost(n.daemon.engine, &container));
	close(process);
	finish(&n);

	begin(&n);
	process = process_new(&n);
	node_ask(&n, ATTACH(PID), "\"attached\"");
	CHECK_INT(engine_service_setup(n.daemon.engine, view("web"), SERVICE_AUTO, &plan, &intent),
		  0); /* it can't be detached meanwhile */
	n.no_links = true;
	n.link_gone = NULL;
	end(process);
	eventfd_write(n.links, 1);
	node_turn(&n);
	CHECK(engine_attachment_lost(n.daemon.engine, &container));
	engine_drop(n.daemon.engine, intent);
	plan_done(&plan);
	turn_until(&n, 0);
	close(process);
	finish(&n);
}

/* Those of an earlier life; who ended between is noticed at once. */
TEST(known_at_the_start)
{
	int process;
	struct node n;

	node_start(&n);
	node_ask(&n, SERVICE, "\"service_overlay\"");
	node_ask(&n, ATTACH(PID), "\"attached\"");
	node_ask(&n, ATTACH(NETNS), "\"attached\"");
	n.netns_ended = true;
	process = process_new(&n);
	CHECK_INT(deaths_new(&n.daemon), 0);
	CHECK_INT(deaths_start(&n.daemon), 0);
	turn_until(&n, 1);
	end(process);
	turn_until(&n, 0);
	close(process);
	finish(&n);
}

/* And not looked at again. */
TEST(watched_before_the_start)
{
	int process, other;
	struct node n;

	node_start(&n);
	CHECK_INT(deaths_new(&n.daemon), 0);
	node_ask(&n, SERVICE, "\"service_overlay\"");
	process = process_new(&n);
	node_ask(&n, ATTACH(PID), "\"attached\"");
	other = process_new(&n);
	CHECK_INT(deaths_start(&n.daemon), 0);
	turn_until(&n, 1);
	CHECK(n.process >= 0);
	end(process);
	turn_until(&n, 0);
	close(n.process);
	close(other);
	close(process);
	finish(&n);
}

#define FD "\"handle\":{\"platform\":\"linux_fd\",\"fd\":0}"

/* Nothing but its interface tells whether it lives. */
TEST(a_namespace_without_a_path)
{
	char request[256], want[64];
	struct node n;
	struct stat st;
	int fd;

	begin(&n);
	fd = eventfd(0, EFD_CLOEXEC);
	CHECK_INT(fstat(fd, &st), 0);
	node_send_fd(&n, ATTACH(FD), fd);
	node_hear(&n, "\"attached\"");
	snprintf(want, sizeof(want), "{\"platform\":\"linux_netns\",\"path\":\"net:[%ju]\"}",
		 (uintmax_t)st.st_ino);
	node_ask(&n, "{\"op\":\"list_attachments\"}", want);
	node_send_fd(&n, ATTACH(FD), fd);
	node_hear(&n, "10.200.187.130");
	node_ask(&n, ATTACH(FD), "the request came with no such descriptor");
	snprintf(request, sizeof(request), "{\"op\":\"detach_container\",\"handle\":%s}", want);
	node_ask(&n, request, "\"ok\"");
	CHECK_INT(engine_attachment_count(n.daemon.engine), 0);
	node_send_fd(&n, ATTACH(FD), fd);
	node_hear(&n, "\"attached\"");
	node_send_fd(&n, DETACH(FD), fd);
	node_hear(&n, "\"ok\"");
	CHECK_INT(engine_attachment_count(n.daemon.engine), 0);
	node_send_fd(&n, ATTACH(FD), fd);
	node_hear(&n, "\"attached\"");
	n.link_gone = NULL;
	eventfd_write(n.links, 1);
	node_turn(&n);
	CHECK_INT(engine_attachment_count(n.daemon.engine), 1);
	n.no_links = true;
	eventfd_write(n.links, 1);
	turn_until(&n, 0);
	close(fd);
	finish(&n);
}

/* Its number is another's before anybody has told of its end: that one is attached anew. */
TEST(a_namespace_with_the_number_of_one_that_ended)
{
	struct node n;
	int fd;

	begin(&n);
	fd = eventfd(0, EFD_CLOEXEC);
	node_send_fd(&n, ATTACH(FD), fd);
	node_hear(&n, "\"attached\"");
	n.no_links = true;
	n.fake.steps = 0;
	node_send_fd(&n, ATTACH(FD), fd);
	node_hear(&n, "\"attached\"");
	CHECK(n.fake.steps >= 2); /* one went, one came */
	CHECK_INT(engine_attachment_count(n.daemon.engine), 1);
	close(fd);
	finish(&n);
}

/* It was another link of that name that went: what is there when we get to it counts. */
TEST(a_namespace_whose_link_has_come_since)
{
	struct intent *intent;
	struct plan plan = { .n = 0 };
	struct node n;
	int fd;

	begin(&n);
	fd = eventfd(0, EFD_CLOEXEC);
	node_send_fd(&n, ATTACH(FD), fd);
	node_hear(&n, "\"attached\"");
	CHECK_INT(engine_service_setup(n.daemon.engine, view("web"), SERVICE_AUTO, &plan, &intent),
		  0);
	n.no_links = true;
	eventfd_write(n.links, 1);
	node_turn(&n);
	n.no_links = false;
	engine_drop(n.daemon.engine, intent);
	plan_done(&plan);
	for (int i = 0; i < 20; i++) {
		node_turn(&n);
		usleep(5000);
	}
	CHECK_INT(engine_attachment_count(n.daemon.engine), 1);
	close(fd);
	finish(&n);
}
