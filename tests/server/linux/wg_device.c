#include "tests/server/linux/wg_device.h"

#include "tests/server/linux/host.h"

struct wg device(void)
{
	struct wg wg = { .control_dir = WG_CONTROL_DIR };
	bool made = false;

	host_enter();
	sandbox_needs_tun();
	CHECK_INT(wg_user.make(&wg, LINK, "", &made), 0);
	CHECK(made);
	return wg;
}

void device_done(struct wg *wg)
{
	CHECK_INT(wg_user.delete(wg, LINK), 0);
}
