#include "CKernels.h"
#include "transcendental.h"
#include <math.h>
#include <string.h>

// A loop that is often too short to be unrolled on top of being vectorised.
#define SHORT_LOOP _Pragma("clang loop interleave_count(1)")

#define TEMPLATE "fused_template.h"
#include "for_each_type.h"

void instar_repeat_row(int32_t type, long rows, long columns, const void *x, void *y, long stride) {
    DISPATCH(repeat_row, rows, columns, x, y, stride);
}

void instar_sum_rows(int32_t type, long rows, long columns, const void *dy, long stride, void *sum) {
    DISPATCH(sum_rows, rows, columns, dy, stride, sum);
}

void instar_masked_softmax(int32_t type, long rows, long extent, double scale, const void *x, const void *mask,
                           long mask_count, int32_t replaces, void *y) {
    DISPATCH(masked_softmax, rows, extent, scale, x, mask, mask_count, replaces, y);
}

void instar_masked_softmax_backward(int32_t type, long rows, long extent, double scale, const void *y, const void *mask,
                                    long mask_count, int32_t replaces, const void *dy, void *dx, int32_t assigns) {
    DISPATCH(masked_softmax_backward, rows, extent, scale, y, mask, mask_count, replaces, dy, dx, assigns);
}
