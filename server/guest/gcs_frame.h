/* Frames between the host and a guest's compute service: a header, then a JSON document. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define GCS_HEADER     16
#define GCS_SEND_MAX   65536 /* a frame of ours, its header included: what guests take */
#define GCS_ACCEPT_MAX (4u * 1024 * 1024) /* a document of theirs */

/* A type is a class, a category and a procedure. */
enum gcs_class {
	GCS_REQUEST = 0x10000000,
	GCS_RESPONSE = 0x20000000,
	GCS_NOTIFICATION = 0x30000000,
};

#define GCS_CLASS_MASK 0xf0000000u

/* What is asked: category and procedure. */
enum gcs_procedure {
	GCS_CREATE = 0x00100101,
	GCS_START = 0x00100201,
	GCS_SHUTDOWN_GRACEFUL = 0x00100301,
	GCS_SHUTDOWN_FORCED = 0x00100401,
	GCS_EXECUTE_PROCESS = 0x00100501,
	GCS_WAIT_FOR_PROCESS = 0x00100601,
	GCS_SIGNAL_PROCESS = 0x00100701,
	GCS_RESIZE_CONSOLE = 0x00100801,
	GCS_GET_PROPERTIES = 0x00100901,
	GCS_MODIFY_SETTINGS = 0x00100a01,
	GCS_NEGOTIATE = 0x00100b01,
	GCS_DUMP_STACKS = 0x00100c01,
	GCS_DELETE_CONTAINER_STATE = 0x00100d01,
	GCS_UPDATE_CONTAINER = 0x00100e01,
	GCS_LIFECYCLE_NOTIFICATION = 0x00100f01,
	GCS_MODIFY_SERVICE_SETTINGS = 0x00200101,
};

struct gcs_header {
	uint32_t type;
	uint32_t size; /* of the whole frame */
	uint64_t id;   /* a response has its request's */
};

/* Little-endian: u32 type, u32 size, u64 id. */
void gcs_header_write(const struct gcs_header *header, uint8_t bytes[GCS_HEADER]);

/* -EBADMSG if the frame would be smaller than its header, -EMSGSIZE if its document would be larger
 * than GCS_ACCEPT_MAX. ret is set in any case, for the message. */
int gcs_header_read(const uint8_t bytes[GCS_HEADER], struct gcs_header *ret);
