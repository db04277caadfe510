#include "CKernels.h"
#include "transcendental.h"
#include <math.h>
#include <string.h>

// A sum in an order that the compiler may choose, so that it can use vectors.
#define REASSOCIATE _Pragma("clang fp reassociate(on)")

// A loop that is often too short to be unrolled on top of being vectorised.
#define SHORT_LOOP _Pragma("clang loop interleave_count(1)")

#define REAL float
#define NAME(name) name##_float
#include "fused_template.h"
#undef REAL
#undef NAME

#define REAL double
#define NAME(name) name##_double
#include "fused_template.h"
#undef REAL
#undef NAME

#define DISPATCH(name, ...)                                                                          \
    if (type == INSTAR_FLOAT) {                                                                      \
        name##_float(__VA_ARGS__);                                                                   \
    } else {                                                                                         \
        name##_double(__VA_ARGS__);                                                                  \
    }

void instar_repeat_row(int32_t type, long rows, long columns, const void *x, void *y, long stride) {
    DISPATCH(repeat_row, rows, columns, x, y, stride)
}

void instar_sum_rows(int32_t type, long rows, long columns, const void *dy, long stride, void *sum) {
    DISPATCH(sum_rows, rows, columns, dy, stride, sum)
}

void instar_masked_softmax(int32_t type, long rows, long extent, double scale, const void *x, const void *mask,
                           long mask_count, int32_t replaces, void *y) {
    DISPATCH(masked_softmax, rows, extent, scale, x, mask, mask_count, replaces, y)
}

void instar_masked_softmax_backward(int32_t type, long rows, long extent, double scale, const void *y, const void *mask,
                                    long mask_count, int32_t replaces, const void *dy, void *dx, int32_t assigns) {
    DISPATCH(masked_softmax_backward, rows, extent, scale, y, mask, mask_count, replaces, dy, dx, assigns)
}
