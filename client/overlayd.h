/* A client of overlayd.
 *
 *	struct ovd_client *client;
 *	struct ovd_request request = { .kind = OVD_REQUEST_STATUS };
 *	const struct ovd_response *response;
 *
 *	if (ovd_client_open(NULL, 20, &client) == 0 &&
 *	    ovd_client_call(client, &request, 5000, &response) == 0 &&
 *	    response->kind == OVD_RESPONSE_STATUS)
 *		printf("%u peers\n", response->status.peer_count);
 *	ovd_client_close(client);
 *
 * One client is one connection, for one thread at a time. */
#pragma once

#include <stdint.h>

#include "schema/overlayd.h"

struct ovd_client;

/* Connects to the daemon's socket at path, or at the default one for this user (NULL); the path is
 * copied. While nobody listens there it is tried `attempts` times, 1 at least, with pauses of 100
 * ms, then twice as long each time, up to 1 s. Negative errno of connect(2); -ENAMETOOLONG,
 * -ENOMEM. */
int ovd_client_open(const char *path, unsigned attempts, struct ovd_client **ret);

/* Closes it; what is outstanding is forgotten. Accepts NULL. */
void ovd_client_close(struct ovd_client *client);

/* Sends a request and waits for its answer, an err among them; ms, 0 or more, is how long, UINT_MAX
 * for ever. *ret lives until the next call for this client. 0; -ETIMEDOUT: the answer may still
 * come, and is then dropped; -ECONNRESET: the daemon closed the connection, and the request may or
 * may not have been carried out: it is not repeated, and the next call connects again; -EPROTO:
 * what came is no frame of the contract; -EINVAL: the request holds a value that is none;
 * -EMSGSIZE: it is above 8 MiB. */
int ovd_client_call(struct ovd_client *client, const struct ovd_request *request, unsigned ms,
		    const struct ovd_response **ret);

/* The two halves of a call, to have several requests on their way: the daemon answers in order.
 * send returns once the request is written; the answers are waited for by id, in any order. An
 * answer to another id is kept until it is asked for. */
int ovd_client_send(struct ovd_client *client, const struct ovd_request *request, uint64_t *ret_id);
int ovd_client_receive(struct ovd_client *client, uint64_t id, unsigned ms,
		       const struct ovd_response **ret);

/* Sends a body as it is, and returns the next frame's body, events included, as it came: for tools.
 * The view lives until the next call. */
int ovd_client_raw(struct ovd_client *client, struct ovd_view body, unsigned ms,
		   struct ovd_view *ret);

/* What to do with events, which come at any time between answers: called from call and receive.
 * NULL drops them. The event lives until the function returns. */
void ovd_client_on_event(struct ovd_client *client,
			 void (*event)(void *arg, const struct ovd_event *event), void *arg);

/* The descriptor, for poll(2), and whether events wait to be handled; ovd_client_handle reads what
 * is there without waiting. -1 while there is no connection. */
int ovd_client_fd(const struct ovd_client *client);
int ovd_client_handle(struct ovd_client *client);

/* What was wrong with the last frame that gave -EPROTO; lives until the next call. */
const char *ovd_client_fault(const struct ovd_client *client);
