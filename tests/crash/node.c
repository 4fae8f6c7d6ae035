#include "tests/crash/node.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>

#include "tests/integration/daemon.h"

void enter_netns(int netns)
{
	CHECK_INT(setns(netns, CLONE_NEWNET), 0);
}

void node_start(struct node *n, int own)
{
	const char *const argv[] = { "overlayd", "--data-dir", n->dir, "--on-term", "keep", NULL };

	snprintf(n->socket, sizeof(n->socket), "%s/run/zlayer-overlayd.sock", n->dir);
	enter_netns(n->netns);
	n->pid = daemon_spawn(argv);
	enter_netns(own);
	n->fd = connect_when_up(n->socket);
}

void node_kill(struct node *n)
{
	kill(n->pid, SIGKILL);
	CHECK_INT(daemon_wait(n->pid), -SIGKILL);
	fd_closep(&n->fd);
}

void node_stop(struct node *n)
{
	kill(n->pid, SIGTERM);
	CHECK(daemon_wait(n->pid) >= 0);
	fd_closep(&n->fd);
}

void node_set_up(const struct node *n)
{
	char request[512];

	snprintf(request, sizeof(request),
		 "{\"op\":\"setup_global_overlay\",\"deployment\":\"d\",\"instance_id\":\"%s\","
		 "\"cluster_cidr\":\"10.200.0.0/16\",\"slice_cidr\":\"10.200.%s.0/24\","
		 "\"wg_port\":51820}",
		 n->number, n->number);
	expect(n->fd, request, "\"bridge_name\"");
	expect(n->fd, "{\"op\":\"setup_service_overlay\",\"service\":\"web\",\"mode\":\"auto\"}",
	       "\"service_overlay\"");
}

void node_attach(const struct node *n, const struct guest *guest, char ip[64])
{
	_cleanup_(freep) char *answer = NULL;
	char request[256];

	snprintf(request, sizeof(request),
		 "{\"op\":\"attach_container\",\"handle\":{\"platform\":\"linux_pid\",\"pid\":%d},"
		 "\"service\":\"web\",\"join_global\":false}",
		 (int)guest->pid);
	answer = ask(n->fd, 1, request);
	CHECK(answer && strstr(answer, "\"ip\":"));
	CHECK_INT(sscanf(strstr(answer, "\"ip\":"), "\"ip\":\"%63[^\"]", ip), 1);
}

void node_key(const struct node *n, char key[KEY_TEXT_MAX])
{
	_cleanup_(freep) char *answer = ask(n->fd, 1, "{\"op\":\"status\"}");

	CHECK_INT(sscanf(strstr(answer, "\"public_key\":"), "\"public_key\":\"%44[^\"]", key), 1);
}

void node_add_peer(const struct node *n, const struct node *peer)
{
	char key[KEY_TEXT_MAX], request[512];

	node_key(peer, key);
	snprintf(request, sizeof(request),
		 "{\"op\":\"add_peer\",\"public_key\":\"%s\",\"endpoint\":\"%s:51820\","
		 "\"allowed_ips\":\"10.200.%s.0/24\",\"persistent_keepalive_secs\":0}",
		 key, peer->address, peer->number);
	expect(n->fd, request, "\"ok\"");
}

void node_connect(const struct node *one, const struct guest *host, const struct node *two)
{
	run("ip link add up%s type veth peer name up0 netns %d; ip addr add %s/24 dev up%s;"
	    "ip link set up%s up; %s sh -c 'ip link set lo up; ip addr add %s/24 dev up0;"
	    "ip link set up0 up'",
	    two->number, (int)host->pid, one->address, two->number, two->number, IN(host),
	    two->address);
}
