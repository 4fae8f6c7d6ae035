/* What is wrong with an input, and where. */
#pragma once

#include <stddef.h>

#include "runtime/util.h"
#include "runtime/view.h"

#define FAULT_PATH_MAX 160
#define FAULT_TEXT_MAX 160

/* Filled by readers of input. The path is built from the inside out, while the reader returns. */
struct ovd_fault {
	size_t offset;             /* of the first byte that is wrong, from the start of the body */
	char path[FAULT_PATH_MAX]; /* "request.nat.stun_servers[3]"; "" for the document itself */
	char text[FAULT_TEXT_MAX]; /* what is wrong there: "expected a boolean" */
};

/* Says what is wrong at offset; the path is empty. Always -EBADMSG, to be returned. A control byte
 * in what is printed is escaped. */
_cold_ int fault_set(struct ovd_fault *f, size_t offset, const char *format, ...) _printf_(3, 4);

/* Puts a key, or an index, before the path; a path that grows too long loses its tail. */
_cold_ void fault_in_key(struct ovd_fault *f, struct ovd_view key);
_cold_ void fault_in_item(struct ovd_fault *f, size_t index);

/* "request.wg_port: expected 0 to 65535 (byte 118)", for a person. Returns text. */
#define FAULT_LINE_MAX (FAULT_PATH_MAX + FAULT_TEXT_MAX + 40)
const char *fault_text(const struct ovd_fault *f, char text[FAULT_LINE_MAX]);
