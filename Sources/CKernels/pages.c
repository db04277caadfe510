#define _GNU_SOURCE
#include "CKernels.h"
#include <sys/mman.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

void instar_prefer_large_pages(const void *start, size_t bytes) {
#ifdef MADV_HUGEPAGE
    uintptr_t first = ((uintptr_t)start + INSTAR_LARGE_PAGE - 1) / INSTAR_LARGE_PAGE * INSTAR_LARGE_PAGE;
    uintptr_t end = ((uintptr_t)start + bytes) / INSTAR_LARGE_PAGE * INSTAR_LARGE_PAGE;
    if (end <= first) return;
    madvise((void *)first, end - first, MADV_HUGEPAGE);
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
    // What has been written already is moved; kernels before 6.1 leave it where it is.
    madvise((void *)first, end - first, MADV_COLLAPSE);
#else
    (void)start, (void)bytes;
#endif
}

void instar_return_freed_pages(void) {
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}
