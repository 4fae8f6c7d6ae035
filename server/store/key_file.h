/* The file KEY_FILE in the data dir, for nobody else's eyes: mode 0600; on Windows for LocalSystem
 * and Administrators. */
#pragma once

#include <stddef.h>

#define KEY_FILE "node.key"

/* Its first `room` bytes; their number in *ret_n. A file whose rights are wider gets the right ones
 * first. -ENOENT: there is none; other errno. Links are not followed. */
int key_file_read(const char *data_dir, char *ret_text, size_t room, size_t *ret_n);

/* Writes it anew, synced, and only then under its name. Negative errno. */
int key_file_write(const char *data_dir, const char *text, size_t n);
