// Memory in large pages.
#ifndef CKERNELS_PAGES_H
#define CKERNELS_PAGES_H
#include <stddef.h>
#include <stdint.h>

enum { INSTAR_LARGE_PAGE = 1 << 21 };

// Asks the system to keep the whole large pages of a range in such, so that rows read at random miss the address cache less
// often. A wish: nothing depends on whether it is granted.
void instar_prefer_large_pages(const void *start, size_t bytes);

// Gives the kernel back what was freed, which stays in the allocator's arenas until then; threads have several of these.
void instar_return_freed_pages(void);

#endif
