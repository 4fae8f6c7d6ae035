#include "client/ctl/hcs.h"

#include "server/windows/hcs_library.h"

int hcs_service_open(struct hcs_api **ret, struct hcs_error *error)
{
	return hcs_library_open(ret, error);
}

void hcs_service_close(struct hcs_api *api)
{
	hcs_library_close(api);
}
