/* A private piece of the machine for tests that change its network. */
#pragma once

/* The rest of the test runs as the first process of namespaces of its own: network, mounts (/run is
 * empty), processes; as a plain user also users, as root of them. All of it ends with the test,
 * however that ends. SKIPs where it is not allowed. Call it first. */
void sandbox_enter(void);

/* SKIPs where wireguard-go could not make a device. */
void sandbox_needs_tun(void);
