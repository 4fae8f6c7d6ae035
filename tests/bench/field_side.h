/* Programs that connect containers, each asked as its users ask it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct field_side {
	const char *name;
	const char *program, *package; /* what must be there, and who brings it; NULL: it is ours */
	void (*attach)(unsigned i);
	void (*detach)(unsigned i);
	/* All that n containers need after a crash, or NULL; it may do `sample` of them and
	 * multiply. In ns. */
	double (*again)(unsigned n, unsigned sample);
};

enum { SIDE_OVERLAYD, SIDE_OVERLAYCTL, SIDE_IP, SIDE_CNI, SIDE_CNI_MASQ, SIDE_NETAVARK, SIDES };
extern const struct field_side field_sides[SIDES];

/* Makes a host of the namespaces that this process is in, which nobody else is: /run is empty,
 * there are n containers' namespaces, the daemon, and a bridge for the scripts. Ends the process
 * where it can't. */
void field_begin(unsigned n);
void field_end(void);

/* One peer of a tunnel more, by the daemon and by wg; and one less. False: there is no wg. */
bool field_has_wg(void);
void field_peer(unsigned i, bool there);
void field_wg_peer(unsigned i, bool there);

/* The answer to a status: nothing but the socket and the daemon's loop. */
void field_status(void);
