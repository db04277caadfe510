// Kernels of the operations that graph rewriting makes. Every kernel takes the type of its elements, `INSTAR_FLOAT` or
// `INSTAR_DOUBLE`.
#ifndef CKERNELS_FUSED_H
#define CKERNELS_FUSED_H
#include <stdint.h>

// Every one of `rows` rows of y, which begin `stride` elements apart, becomes x.
void instar_repeat_row(int32_t type, long rows, long columns, const void *x, void *y, long stride);
// sum += Σ over the rows of dy, which begin `stride` elements apart.
void instar_sum_rows(int32_t type, long rows, long columns, const void *dy, long stride, void *sum);

// y = softmax of each row of m(scale·x) with a mask of `mask_count` elements that is repeated over the rows (none where
// `mask` is null): m(z) = z + mask, or with `replaces` mask where mask ≠ 0, else z.
void instar_masked_softmax(int32_t type, long rows, long extent, double scale, const void *x, const void *mask,
                           long mask_count, int32_t replaces, void *y);
// dx += the gradient, or dx = the gradient with `assigns`.
void instar_masked_softmax_backward(int32_t type, long rows, long extent, double scale, const void *y, const void *mask,
                                    long mask_count, int32_t replaces, const void *dy, void *dx, int32_t assigns);

#endif
