/* Why something with a compute system failed, for programs and for a person. */
#pragma once

#include <stdint.h>

#include "runtime/view.h"
#include "server/hcs/hresult.h"

#define HCS_ERROR_TEXT_MAX 1024

struct hcs_error {
	int32_t result; /* the service's; 0 if it had no part in it */
	enum hcs_class class;
	char text[HCS_ERROR_TEXT_MAX]; /* "start web-1: HCS_E_...: what the service said (hint)" */
};

/* Fills *error; the service's document about it, absent if there is none, has more to say. Returns
 * the negative errno. verb: "start"; id is NULL where no one system is meant. */
int hcs_error_set(struct hcs_error *error, const char *verb, const char *id, int32_t result,
		  struct ovd_view document);

/* Of our own doing. Returns the negative errno. */
int hcs_error_own(struct hcs_error *error, enum hcs_class class, const char *verb, const char *id,
		  const char *text);
