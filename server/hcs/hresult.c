#include "server/hcs/hresult.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>

#include "runtime/util.h"

#define FACILITY_HCS 0x0037u
#define BIT_30       0x40000000u

struct meaning {
	uint32_t code;
	enum hcs_class class;
	const char *name;
	const char *text;
};

static const struct meaning meanings[] = {
	{ 0x80370100, HCS_CLASS_STOPPED, "HCS_E_TERMINATED_DURING_START",
	  "it ended while it was starting" },
	{ 0x80370101, HCS_CLASS_INVALID_DOCUMENT, "HCS_E_IMAGE_MISMATCH",
	  "the image is for another Windows than this host's" },
	{ 0x80370102, HCS_CLASS_UNAVAILABLE, "HCS_E_HYPERV_NOT_INSTALLED",
	  "Hyper-V is not installed, or the processor's virtualization is off" },
	{ 0x80370105, HCS_CLASS_INVALID_STATE, "HCS_E_INVALID_STATE",
	  "the compute system is in a state that does not allow this" },
	{ 0x80370106, HCS_CLASS_STOPPED, "HCS_E_UNEXPECTED_EXIT", "it ended unexpectedly" },
	{ 0x80370107, HCS_CLASS_STOPPED, "HCS_E_TERMINATED", "it was terminated" },
	{ 0x80370108, HCS_CLASS_DISCONNECTED, "HCS_E_CONNECT_FAILED",
	  "the guest could not be connected to" },
	{ 0x80370109, HCS_CLASS_TIMEOUT, "HCS_E_CONNECTION_TIMEOUT",
	  "the guest did not connect in time" },
	{ 0x8037010A, HCS_CLASS_DISCONNECTED, "HCS_E_CONNECTION_CLOSED",
	  "the connection to the guest was closed" },
	{ 0x8037010B, HCS_CLASS_OTHER, "HCS_E_UNKNOWN_MESSAGE",
	  "the guest does not know the message" },
	{ 0x8037010C, HCS_CLASS_OTHER, "HCS_E_UNSUPPORTED_PROTOCOL_VERSION",
	  "the guest speaks another version of the protocol" },
	{ 0x8037010D, HCS_CLASS_INVALID_DOCUMENT, "HCS_E_INVALID_JSON",
	  "the document is not valid" },
	{ 0x8037010E, HCS_CLASS_NOT_FOUND, "HCS_E_SYSTEM_NOT_FOUND",
	  "there is no such compute system" },
	{ 0x8037010F, HCS_CLASS_ALREADY_EXISTS, "HCS_E_SYSTEM_ALREADY_EXISTS",
	  "there is a compute system of that id already" },
	{ 0x80370110, HCS_CLASS_STOPPED, "HCS_E_SYSTEM_ALREADY_STOPPED",
	  "the compute system has ended already" },
	{ 0x80370111, HCS_CLASS_OTHER, "HCS_E_PROTOCOL_ERROR", "the guest broke the protocol" },
	{ 0x80370112, HCS_CLASS_INVALID_DOCUMENT, "HCS_E_INVALID_LAYER",
	  "a layer of the image is not valid" },
	{ 0x80370113, HCS_CLASS_UNAVAILABLE, "HCS_E_WINDOWS_INSIDER_REQUIRED",
	  "the image needs an Insider build of Windows" },
	{ 0x80370114, HCS_CLASS_UNAVAILABLE, "HCS_E_SERVICE_NOT_AVAILABLE",
	  "the Host Compute Service does not run" },
	{ 0x80370115, HCS_CLASS_INVALID_STATE, "HCS_E_OPERATION_NOT_STARTED",
	  "the operation was not started" },
	{ 0x80370116, HCS_CLASS_INVALID_STATE, "HCS_E_OPERATION_ALREADY_STARTED",
	  "the operation was started already" },
	{ 0x80370117, HCS_CLASS_PENDING, "HCS_E_OPERATION_PENDING",
	  "the operation is still under way" },
	{ 0x80370118, HCS_CLASS_TIMEOUT, "HCS_E_OPERATION_TIMEOUT",
	  "the operation did not end in time" },
	{ 0x80370119, HCS_CLASS_CALLBACK_SET, "HCS_E_OPERATION_SYSTEM_CALLBACK_ALREADY_SET",
	  "somebody watches this handle already" },
	{ 0x8037011A, HCS_CLASS_OTHER, "HCS_E_OPERATION_RESULT_ALLOCATION_FAILED",
	  "there was no memory for the result" },
	{ 0x8037011B, HCS_CLASS_ACCESS_DENIED, "HCS_E_ACCESS_DENIED", "access denied" },
	{ 0x8037011C, HCS_CLASS_OTHER, "HCS_E_GUEST_CRITICAL_ERROR",
	  "the guest had a critical error" },
	{ 0x8037011D, HCS_CLASS_OTHER, "HCS_E_PROCESS_INFO_NOT_AVAILABLE",
	  "nothing is known of the process" },
	{ 0x8037011E, HCS_CLASS_DISCONNECTED, "HCS_E_SERVICE_DISCONNECT",
	  "the Host Compute Service went away" },
	{ 0x8037011F, HCS_CLASS_STOPPED, "HCS_E_PROCESS_ALREADY_STOPPED",
	  "the process has ended already" },
	{ 0x80070005, HCS_CLASS_ACCESS_DENIED, "E_ACCESSDENIED", "access denied" },
	{ 0x8007000E, HCS_CLASS_OTHER, "E_OUTOFMEMORY", "no memory" },
	{ 0x80070057, HCS_CLASS_INVALID_DOCUMENT, "E_INVALIDARG",
	  "an argument or the document is not valid" },
	{ 0x80070490, HCS_CLASS_NOT_FOUND, "ERROR_NOT_FOUND", "it was not found" },
};

static const struct meaning *find(int32_t result)
{
	uint32_t code = (uint32_t)result;

	if ((code & ~BIT_30) >> 16 == (0x8000u | FACILITY_HCS))
		code &= ~BIT_30;
	for (size_t i = 0; i < ARRAY_SIZE(meanings); i++)
		if (meanings[i].code == code)
			return &meanings[i];
	return NULL;
}

enum hcs_class hresult_class(int32_t result)
{
	const struct meaning *meaning = find(result);

	if (result >= 0)
		return HCS_CLASS_OK;
	return meaning ? meaning->class : HCS_CLASS_OTHER;
}

const char *hresult_format(int32_t result, char text[HRESULT_TEXT_MAX])
{
	const struct meaning *meaning = find(result);

	if (meaning)
		snprintf(text, HRESULT_TEXT_MAX, "%s (0x%08X): %s", meaning->name, (unsigned)result,
			 meaning->text);
	else
		snprintf(text, HRESULT_TEXT_MAX, "0x%08X", (unsigned)result);
	return text;
}

const char *hcs_class_hint(enum hcs_class class)
{
	switch (class) {
	case HCS_CLASS_ACCESS_DENIED:
		return "needs an Administrator or a member of Hyper-V Administrators";
	case HCS_CLASS_UNAVAILABLE:
		return "needs Windows with the Containers or the Hyper-V feature";
	case HCS_CLASS_OK:
	case HCS_CLASS_NOT_FOUND:
	case HCS_CLASS_PENDING:
	case HCS_CLASS_TIMEOUT:
	case HCS_CLASS_ALREADY_EXISTS:
	case HCS_CLASS_INVALID_STATE:
	case HCS_CLASS_STOPPED:
	case HCS_CLASS_CALLBACK_SET:
	case HCS_CLASS_INVALID_DOCUMENT:
	case HCS_CLASS_DISCONNECTED:
	case HCS_CLASS_OTHER:
		break;
	}
	return NULL;
}

int hcs_class_errno(enum hcs_class class)
{
	switch (class) {
	case HCS_CLASS_OK:
		return 0;
	case HCS_CLASS_NOT_FOUND:
		return -ENOENT;
	case HCS_CLASS_ACCESS_DENIED:
		return -EACCES;
	case HCS_CLASS_PENDING:
		return -EINPROGRESS;
	case HCS_CLASS_TIMEOUT:
		return -ETIMEDOUT;
	case HCS_CLASS_ALREADY_EXISTS:
		return -EEXIST;
	case HCS_CLASS_INVALID_STATE:
		return -EBUSY;
	case HCS_CLASS_STOPPED:
		return -ESRCH;
	case HCS_CLASS_CALLBACK_SET:
		return -EALREADY;
	case HCS_CLASS_INVALID_DOCUMENT:
		return -EINVAL;
	case HCS_CLASS_DISCONNECTED:
		return -ECONNRESET;
	case HCS_CLASS_UNAVAILABLE:
		return -ENOTSUP;
	case HCS_CLASS_OTHER:
		break;
	}
	return -EIO;
}
