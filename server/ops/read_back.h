/* What is lost of the run directory's records is read back from the kernel. */
#pragma once

#include "server/ops/lost_links.h"

/* Containers that no record names: if records are lost, those that are found get theirs again; of
 * the others the addresses are kept from everybody. After the last record, before engine_adopt.
 * What fails is logged. True: of all that have an address it is known who they are. */
bool read_back(struct daemon *d, const struct lost_links *lost);
