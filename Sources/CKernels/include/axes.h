// Kernels along one axis. `type` may be INSTAR_INTEGER where nothing else is said.
#ifndef CKERNELS_AXES_H
#define CKERNELS_AXES_H
#include "elementwise.h"
#include "operations.h"

// The middle axis of [outer, extent, inner].
typedef struct {
    long outer, extent, inner;
} instar_axis;

// y = the sums of x up to each element along the axis, or y += them with `adds`; without the element itself with
// `exclusive`, from the end with `reversed`.
void instar_cumulative_sum(int32_t type, const instar_axis *axis, int32_t exclusive, int32_t reversed, int32_t adds,
                           const void *x, void *y);

// The place of the largest (or smallest) element along the axis, the first one or the last; NaN is the extreme.
void instar_extreme_position(int32_t type, const instar_axis *axis, int32_t largest, int32_t last, const void *x,
                             int64_t *y);

// target = min(target, source), for integers.
void instar_minimize_integers(const instar_strides *strides, const int64_t *source, int64_t *target);

// Elements picked one by one: `walk` goes through y (target) and what of x's place does not depend on the index (source);
// an index moves by `stride` along an axis of `extent`.
typedef struct {
    instar_strides walk;
    long extent, stride;
} instar_elements;

// Negative indices count from the end; an element out of range is NaN (integers: 0).
void instar_gather_elements(int32_t type, const instar_elements *elements, const int64_t *indices, const void *x,
                            void *y);
// dx of the picked elements += dy. Floating point only.
void instar_gather_elements_backward(int32_t type, const instar_elements *elements, const int64_t *indices,
                                     const void *dy, void *dx);

#endif
