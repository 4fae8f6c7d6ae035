/* The socket that the service manager listens on until we do: sd_listen_fds(3), the protocol alone.
 */
#pragma once

/* Bytes of a Unix socket's path, with a NUL: sun_path, unix(7), and one more. */
#define ACTIVATION_PATH_MAX 109

/* Takes it, with CLOEXEC, not blocking; path, ACTIVATION_PATH_MAX bytes at least, gets its name. It
 * is the manager's: its file is never removed. -ENOENT: there is none for this process. -EINVAL: it
 * is not one listening Unix stream socket, but something else or several. Called once; nothing in
 * the environment speaks of it afterwards. */
int activation_take(char *path);
