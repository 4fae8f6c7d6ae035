/* A client of overlayd.
 *
 *	struct ovd_client *client = NULL;
 *	struct ovd_request request = { .kind = OVD_REQUEST_STATUS };
 *	const struct ovd_response *response;
 *
 *	if (ovd_client_open(NULL, 20, &client) == 0 &&
 *	    ovd_client_call(client, &request, 5000, &response) == 0 &&
 *	    response->kind == OVD_RESPONSE_STATUS)
 *		printf("%u peers\n", response->status.peer_count);
 *	ovd_client_close(client);
 *
 * One client is one connection, for one thread at a time. Functions return 0 or a negative errno.
 * Times are in ms: 0 takes what is there already, UINT_MAX waits for ever. A connection that is
 * lost is made anew by the next call or send; requests are never repeated. */
#pragma once

#include <stdint.h>

#include "runtime/codec.h"
#include "schema/overlayd.h"

struct ovd_client;

/* Connects to the daemon's socket, a named pipe on Windows, at path, or at the default one for this
 * user (NULL); the path is copied. While nobody listens there it is tried `attempts` times, 1 at
 * least, with pauses of 100 ms, then twice as long each time, up to 1 s. Negative errno of
 * connect(2), -EAGAIN: more clients wait to be let in than the system queues; -ENAMETOOLONG,
 * -ENOMEM. */
int ovd_client_open(const char *path, unsigned attempts, struct ovd_client **ret);

/* Closes it; what is outstanding is forgotten. Accepts NULL. */
void ovd_client_close(struct ovd_client *client);

/* Connects again as patiently as open, with its errors, if the connection was lost. call and send
 * do it too, but try once. */
int ovd_client_connect(struct ovd_client *client, unsigned attempts);

/* In which form requests are sent from now on: JSON without this. The answers come in it too; what
 * comes is read by what it is. -ENOTSUP: this build doesn't have it. Whether the daemon does, hello
 * tells: codecs. */
int ovd_client_set_codec(struct ovd_client *client, enum ovd_codec codec);

/* Sends a request and waits for its answer, an err among them; ms is how long both may take. *ret
 * lives until the next call of any function here for this client. 0; -ETIMEDOUT: the answer may
 * still come, and is then dropped; -ECONNRESET: the daemon closed the connection, and the request
 * may or may not have been carried out; negative errno of connect(2): the connection was lost
 * before, and there is no daemon; -EPROTO: what came is no frame of the contract; -EINVAL: the
 * request holds a value that is none; -EMSGSIZE: it is above 8 MiB; -EBUSY: called by an event's
 * function; -ENOMEM. */
int ovd_client_call(struct ovd_client *client, const struct ovd_request *request, unsigned ms,
		    const struct ovd_response **ret);

/* The same with descriptors, OVD_CLIENT_FDS_MAX at most, for a request whose handle is linux_fd:
 * its fd says which of them, 0 is the first. They stay the caller's, and may be closed when this
 * returns. Errors of call; -E2BIG: they are too many; -EBADF: one is none; -ETOOMANYREFS: unix(7);
 * -ENOTSUP: a named pipe takes none. */
#define OVD_CLIENT_FDS_MAX 4
int ovd_client_call_fds(struct ovd_client *client, const struct ovd_request *request,
			const int *fds, unsigned n_fds, unsigned ms,
			const struct ovd_response **ret);

/* The two halves of a call, with its errors, to have several requests on their way. send returns
 * once the request is written; when that took longer than ms, it was not sent. The answers are
 * waited for by id, in any order, and more than once if need be: an answer that is not waited for
 * is kept until it is asked for, or the connection is lost. receive gives -ENOENT for an id that is
 * not outstanding: its answer was taken, or it went with its connection. */
int ovd_client_send(struct ovd_client *client, const struct ovd_request *request, unsigned ms,
		    uint64_t *ret_id);
int ovd_client_receive(struct ovd_client *client, uint64_t id, unsigned ms,
		       const struct ovd_response **ret);

/* Sends a body as it is, 1 byte to 8 MiB, and returns that of the next frame that is no event, as
 * it came and whatever it is: for tools, with a client that makes no calls. The view lives until
 * the next call and ends in a NUL that isn't part of it. Errors of call. */
int ovd_client_raw(struct ovd_client *client, struct ovd_view body, unsigned ms,
		   struct ovd_view *ret);

/* What to do with events, which come at any time between answers: called from call, receive and
 * handle. The daemon sends them to connections that have said hello. NULL drops them, as are those
 * of kinds that this client doesn't know. The event lives until the function returns, which may not
 * call or close this client. */
void ovd_client_on_event(struct ovd_client *client,
			 void (*event)(void *arg, const struct ovd_event *event), void *arg);

/* The descriptor, to wait for events with poll(2); -1 while there is no connection, and always on
 * Windows. Events that came along with an answer are not in it any more, so handle goes before
 * poll. */
int ovd_client_fd(const struct ovd_client *client);

/* Waits until there may be events, ms at most, -1 for ever: where there is no poll(2), or nothing
 * else to wait for. 0 also if there is nothing; -ENOTCONN. Behind handle, like poll. */
int ovd_client_wait(struct ovd_client *client, int ms);

/* Hands out the events that are there, without waiting: what was read already and what one read
 * gives. -ENOTCONN: there is no connection; -ECONNRESET, -EPROTO, -EBUSY, -ENOMEM as call. */
int ovd_client_handle(struct ovd_client *client);

/* What was wrong with the last frame that gave -EPROTO; lives until the next call. Control
 * characters in it are replaced. */
const char *ovd_client_fault(const struct ovd_client *client);
