#include "server/watchdog.h"

#include <poll.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "server/watch.h"
#include "tests/check.h"

/* A daemon's two threads, and the service manager. */
struct scene {
	uv_loop_t loop;
	struct worker *worker;
	struct watch *worker_watch, *manager_watch;
	struct watchdog watchdog;
	struct net net;
	sem_t gate; /* at which the link thread waits */
	int manager;
	int proofs, wanted;
	uv_timer_t patience;
};

static int wait_at_gate(void *platform, struct step *step _unused_, char *detail _unused_)
{
	struct scene *s = platform;

	sem_wait(&s->gate);
	return 0;
}

static const struct net_step steps[STEP_MAX_] = { [STEP_FIREWALL] = { "wait", wait_at_gate,
								      NULL } };

static void collect(void *arg)
{
	struct scene *s = arg;

	worker_collect(s->worker);
}

static void hear(void *arg)
{
	struct scene *s = arg;
	char text[64];
	ssize_t n;

	while ((n = recv(s->manager, text, sizeof(text) - 1, MSG_DONTWAIT)) > 0) {
		text[n] = '\0';
		CHECK_STR(text, "WATCHDOG=1");
		s->proofs++;
	}
	if (s->proofs >= s->wanted)
		uv_stop(&s->loop);
}

static void begin(struct scene *s, const char *usec)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char name[64];

	*s = (struct scene){ .net = { .platform = s, .steps = steps }, .wanted = 1000 };
	sem_init(&s->gate, 0, 0);
	snprintf(name, sizeof(name), "@overlayd-test-watchdog-%d", (int)getpid());
	snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "%s", name + 1);
	s->manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	CHECK_INT(bind(s->manager, (struct sockaddr *)&address,
		       (socklen_t)(sizeof(sa_family_t) + strlen(name))),
		  0);
	setenv("NOTIFY_SOCKET", name, 1);
	if (usec)
		setenv("WATCHDOG_USEC", usec, 1);
	CHECK_INT(uv_loop_init(&s->loop), 0);
	CHECK_INT(worker_start(&s->net, &s->worker), 0);
	s->worker_watch = watch_new(&s->loop, worker_fd(s->worker), POLLIN, collect, s);
	s->manager_watch = watch_new(&s->loop, s->manager, POLLIN, hear, s);
	watchdog_start(&s->watchdog, &s->loop, s->worker);
}

static void end(struct scene *s)
{
	watch_free(s->worker_watch);
	watch_free(s->manager_watch);
	watchdog_stop(&s->watchdog);
	uv_run(&s->loop, UV_RUN_DEFAULT);
	CHECK_INT(uv_loop_close(&s->loop), 0);
	worker_stop(s->worker);
	close(s->manager);
	uv_library_shutdown();
}

/* Until so many proofs were heard; the test's own time limit is the only other end. */
static void hear_proofs(struct scene *s, int n)
{
	s->wanted = s->proofs + n;
	uv_run(&s->loop, UV_RUN_DEFAULT);
	CHECK(s->proofs >= s->wanted);
}

TEST(both_threads_live)
{
	struct scene s;

	begin(&s, "9000");
	hear_proofs(&s, 5);
	end(&s);
}

static void out_of_patience(uv_timer_t *timer)
{
	uv_stop(timer->loop);
}

static void done(struct job *job _unused_)
{
}

TEST(a_link_thread_that_hangs_is_not_vouched_for)
{
	struct plan plan = { .n = 0 };
	struct job job = { .plan = &plan, .done = done };
	struct scene s;

	begin(&s, "3000");
	CHECK(plan_add(&plan, STEP_FIREWALL));
	worker_submit(s.worker, &job);
	uv_timer_init(&s.loop, &s.patience);
	uv_timer_start(&s.patience, out_of_patience, 100, 0);
	uv_run(&s.loop, UV_RUN_DEFAULT);
	CHECK_INT(s.proofs, 0);
	sem_post(&s.gate);
	hear_proofs(&s, 3);
	uv_close((uv_handle_t *)&s.patience, NULL);
	end(&s);
	plan_done(&plan);
}

/* The worker is stopped after the loop: what was on its way comes back then. */
TEST(stopped_while_a_proof_is_on_its_way)
{
	struct plan plan = { .n = 0 };
	struct job job = { .plan = &plan, .done = done };
	struct scene s;

	begin(&s, "1");
	CHECK(plan_add(&plan, STEP_FIREWALL));
	worker_submit(s.worker, &job);
	uv_run(&s.loop, UV_RUN_NOWAIT);
	CHECK(s.watchdog.on_its_way);
	sem_post(&s.gate);
	end(&s);
	CHECK_INT(s.proofs, 0);
	CHECK(!s.watchdog.on_its_way);
	plan_done(&plan);
}

TEST(nobody_waits_for_a_proof)
{
	static const char *const values[] = { NULL, "", "0", "soon", "-1" };

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		struct scene s;

		CASE("%s", values[i]);
		begin(&s, values[i]);
		CHECK(!s.watchdog.running);
		end(&s);
	}
	for (int i = 0; i < 2; i++) {
		char pid[16];
		struct scene s;

		snprintf(pid, sizeof(pid), "%d", (int)getpid() + i);
		setenv("WATCHDOG_PID", pid, 1);
		begin(&s, "1000000");
		CHECK_INT(s.watchdog.running, i == 0);
		end(&s);
	}
}
