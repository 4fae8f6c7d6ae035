/* A daemon that does what a test says: a child process with a listening socket of its own. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct fake_daemon {
	pid_t pid;
	char dir[32];
	char socket[64];
};

/* Listens, then runs the script in a child: its return ends it, a CHECK in it fails it. */
void fake_start(struct fake_daemon *fake, void (*script)(int listener));

/* Waits for the end of the script, wants it to have held, and removes the socket. */
void fake_stop(struct fake_daemon *fake);

/* ---- for scripts ---- */

/* The next client; its descriptor. */
int fake_accept(int listener);

/* The next request: its body, as a string in memory of the script's; NULL at the end of the stream.
 * fake_take wants the operation to be this one, and returns the request's id. */
char *fake_read(int fd);
uint64_t fake_take(int fd, const char *op);

/* A body after its length; a response with this id; an event that every line knows. */
void fake_send(int fd, const char *body);
void fake_answer(int fd, uint64_t id, const char *response);
void fake_event(int fd, const char *pubkey);

/* Answers ok to every request of this client, or the next, until it goes. */
#define FAKE_OK "{\"result\":\"ok\"}"
void fake_serve(int fd);
void fake_serve_one(int listener);

/* Bytes as they are. */
void fake_bytes(int fd, const void *bytes, size_t n);

/* Wants the client to close. */
void fake_closed(int fd);
