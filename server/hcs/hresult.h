/* What the results of the Host Compute Service mean. */
#pragma once

#include <stdint.h>

/* What there is to be done about a result. */
enum hcs_class {
	HCS_CLASS_OK,
	HCS_CLASS_NOT_FOUND,
	HCS_CLASS_ACCESS_DENIED,
	HCS_CLASS_PENDING, /* it goes on: wait for the operation */
	HCS_CLASS_TIMEOUT,
	HCS_CLASS_ALREADY_EXISTS,
	HCS_CLASS_INVALID_STATE, /* the system can't do that now */
	HCS_CLASS_STOPPED,       /* the system, or the process, has ended */
	HCS_CLASS_CALLBACK_SET,  /* the handle has a subscriber */
	HCS_CLASS_INVALID_DOCUMENT,
	HCS_CLASS_DISCONNECTED, /* the service, or the guest, is gone */
	HCS_CLASS_UNAVAILABLE,  /* this host lacks what it needs */
	HCS_CLASS_OTHER,
};

/* HRESULTs as winerror.h and the SDK's pages have them; the service's own have the facility 0x37.
 * Some builds return those with bit 30 set, 0xC037xxxx: they mean the same everywhere here. */
#define HRESULT_UNEXPECTED_EXIT      ((int32_t)0x80370106)
#define HRESULT_SYSTEM_NOT_FOUND     ((int32_t)0x8037010E)
#define HRESULT_ALREADY_STOPPED      ((int32_t)0x80370110)
#define HRESULT_OPERATION_PENDING    ((int32_t)0x80370117)
#define HRESULT_OPERATION_TIMEOUT    ((int32_t)0x80370118)
#define HRESULT_CALLBACK_ALREADY_SET ((int32_t)0x80370119)
#define HRESULT_ACCESS_DENIED        ((int32_t)0x80070005)
#define HRESULT_OUT_OF_MEMORY        ((int32_t)0x8007000E)
#define HRESULT_INVALID_ARGUMENT     ((int32_t)0x80070057)
#define HRESULT_ELEMENT_NOT_FOUND    ((int32_t)0x80070490)

/* OK for each that is no failure (0 and above); OTHER for a failure that is not known. */
enum hcs_class hresult_class(int32_t result);

/* "HCS_E_SYSTEM_NOT_FOUND (0xC037010E): there is no such compute system", the number as it came; of
 * one that is not known the number alone. Returns text. */
#define HRESULT_TEXT_MAX 192
const char *hresult_format(int32_t result, char text[HRESULT_TEXT_MAX]);

/* What a person may do about it; NULL if there is nothing to say. */
const char *hcs_class_hint(enum hcs_class class);

/* The negative errno; 0 for OK. */
int hcs_class_errno(enum hcs_class class);
