/* What is lost of the store is read back from the kernel. */
#pragma once

#include "server/ops/daemon.h"

/* Containers that no record names: those that are found get their records again; of the others the
 * addresses are kept from everybody. After the last record, before engine_adopt. What fails is
 * logged. */
void read_back(struct daemon *d);
