#include "client/ctl/hcs.h"

int hcs_service_open(struct hcs_api **ret, struct hcs_error *error)
{
	(void)ret;
	return hcs_error_own(error, HCS_CLASS_UNAVAILABLE, "hcs", NULL,
			     "this host has no Host Compute Service");
}

void hcs_service_close(struct hcs_api *api)
{
	(void)api;
}
