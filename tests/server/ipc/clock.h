/* A hand on the clock. */
#pragma once

/* The clock that libuv and all others in this process see goes ahead; the date stays. */
void clock_advance(unsigned ms);
