/* What POSIX has in netdb.h and its kin. */
#pragma once

#include <winsock2.h>

#include <ws2tcpip.h>
