/* Hyper-V sockets: addresses, and what a utility VM's document says about them. */
#pragma once

#include <stddef.h>

#include "server/guest/guid.h"

/* Windows SDK, hvsocket.h. */
#define HV_FAMILY       34 /* AF_HYPERV */
#define HV_PROTOCOL_RAW 1

/* The SDK's SOCKADDR_HV. */
struct sockaddr_hv {
	uint16_t family;
	uint16_t reserved; /* 0 */
	struct guid vm_id;
	struct guid service_id;
};

_Static_assert(sizeof(struct sockaddr_hv) == 36 && _Alignof(struct sockaddr_hv) == 4, "SDK");
_Static_assert(offsetof(struct sockaddr_hv, vm_id) == 4, "SDK");
_Static_assert(offsetof(struct sockaddr_hv, service_id) == 20, "SDK");

/* Services of a Windows guest, and the address that its host has for it. */
#define HV_SERVICE_GCS                                                                             \
	((struct guid){                                                                            \
		0xacef5661, 0x84a1, 0x4e44, { 0x85, 0x6b, 0x62, 0x45, 0xe6, 0x9f, 0x46, 0x20 } })
#define HV_SERVICE_LOGGING                                                                         \
	((struct guid){                                                                            \
		0x172dad59, 0x976d, 0x45f2, { 0x8b, 0x6c, 0x6d, 0x1b, 0x13, 0xf2, 0xac, 0x4d } })
#define HV_PARENT_ADDRESS                                                                          \
	((struct guid){                                                                            \
		0x894cc2d6, 0x9d79, 0x424f, { 0x93, 0xfe, 0x42, 0x96, 0x9a, 0xe6, 0xd8, 0xd1 } })

/* The ports of a Linux guest: its compute service, its log. */
#define HV_PORT_GCS     0x40000000u
#define HV_PORT_LOGGING 109u

/* The service of a guest that names it by vsock port: the SDK's HV_GUID_VSOCK_TEMPLATE. */
struct guid hv_service_of_port(uint32_t port);

/* Who may do everything with an object. */
struct hv_trustee {
	const char *name; /* an SDDL alias such as SY, or a SID such as S-1-5-83-0 */
};

/* A protected list with full access for each and for nobody else: "Security Descriptor String
 * Format" in the documentation of Windows. The caller frees it; -EINVAL if a name holds what
 * SDDL would read as something else, -ENOMEM. */
int hv_sddl(const struct hv_trustee *trustees, size_t n, char **ret);

struct hv_service {
	struct guid id;
	bool wildcard_binds; /* a listener for all VMs may take its connections */
	bool disabled;
};

/* The value of VirtualMachine.Devices.HvSocket: services that guests may reach, for local system
 * and administrators. linux_guest: who may connect where no service says it is set too. JSON text
 * that the caller frees; -ENOMEM. */
int hv_socket_document(const struct hv_service *services, size_t n, bool linux_guest, char **ret);
