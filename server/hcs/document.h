/* The documents of the Host Compute Service, schema version 2: written and read as JSON. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json_object.h>

#include "runtime/arena.h"
#include "runtime/buf.h"
#include "runtime/view.h"
#include "schema/hcs.h"

/* ---- what is sent ---- */

/* A compute system to be made: a container if virtual_machine is NULL, else a utility VM. */
struct document_system {
	const char *owner;         /* the program that makes it */
	bool outlives_its_handles; /* false: ends when the last handle to it is closed */

	const char *network_namespace; /* container: its GUID, 8-4-4-4-12 in hex; NULL: none */
	const char *storage;           /* container: JSON, the Storage object; NULL: none */
	const char *virtual_machine;   /* JSON, the VirtualMachine object */
};

/* All append the document with a NUL behind it that doesn't count, so that out->p is a C string.
 * -EINVAL for a GUID that is none or JSON that can't be read or is no object; -ENOMEM. */
int document_compute_system(const struct document_system *system, struct buf *out);

/* {"PropertyTypes":["Statistics"]} */
int document_property_query(const char *const *types, size_t n, struct buf *out);

/* {"Owners":["overlayd"]} */
int document_enumerate_query(const char *const *owners, size_t n, struct buf *out);

struct document_modify {
	const char *resource_path;
	const char *request_type;  /* Add, Remove, Update */
	const char *settings;      /* JSON, NULL: none */
	const char *guest_request; /* JSON, NULL: none */
};

int document_modify(const struct document_modify *modify, struct buf *out);

/* ---- what comes back ---- */

/* What an operation's document says went wrong: "ErrorMessage", or the first message of
 * "ErrorEvents" if that is empty. Appends it to out; nothing if there is none. -ENOMEM. */
int document_error_message(struct ovd_view document, struct buf *out);

/* The array that an enumeration answers; all lies in the arena, each text with a NUL behind it. An
 * entry that is no object or has no id makes the whole a fault: -EBADMSG, -ENOMEM. */
int document_systems(struct ovd_view document, struct arena *arena, struct hcs_system_list *ret);

/* Whether properties say that the system has ended: State is Stopped, or Exited. */
bool document_says_stopped(struct ovd_view document);

/* Appends any document as JSON anew: on one line, or indented for a person. -EBADMSG if it can't be
 * read; -ENOMEM. */
int document_format(struct ovd_view document, bool indented, struct buf *out);

/* Whether a JSON text can be read: an object, nothing behind it. For documents that people write.
 */
bool document_is_object(struct ovd_view text);

/* ---- for readers of other documents ---- */

/* The whole text as a JSON value, NULL if it is none. At most 64 levels deep. */
struct json_object *document_parse(struct ovd_view text);

/* A key's text, NULL if there is none; lives as long as object. An object that is NULL or none has
 * no keys. */
const char *document_text(const struct json_object *object, const char *key);

/* A key's HRESULT, signed or as its 32 bits without a sign. */
bool document_hresult(const struct json_object *object, const char *key, int32_t *ret);

/* For _cleanup_. */
static inline void json_putp(struct json_object **object)
{
	json_object_put(*object);
}
