/* Streams between a Windows host and its virtual machines. */
#pragma once

#include "server/guest/hyperv.h"
#include "server/guest/transport.h"

/* Listens for a machine (its runtime id; GUID_ZERO: any) that connects to this service. The
 * machine's document must allow it: hv_socket_document. -EAFNOSUPPORT where Windows has no
 * Hyper-V. */
int transport_hyperv_listen(const struct guid *vm_id, const struct guid *service,
			    struct transport **ret);
