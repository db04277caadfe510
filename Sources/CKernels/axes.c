#include "CKernels.h"
#include <math.h>

// Calls `body` for each element: `place` in y and its index goes with `from` in x, −1 where the index is out of range.
#define FOR_EACH_ELEMENT(elements, indices, ...)                                                     \
    {                                                                                                \
        const instar_strides *walk_ = &(elements)->walk;                                             \
        long index_[INSTAR_MAXIMUM_STRIDED_RANK] = {0}, count_ = 1, place = 0, base_ = 0;            \
        for (long axis_ = 0; axis_ < walk_->rank; axis_++) count_ *= walk_->extents[axis_];          \
        for (long element_ = 0; element_ < count_; element_++) {                                     \
            long extent_ = (elements)->extent;                                                       \
            int64_t at_ = (indices)[place];                                                          \
            long from = at_ < -extent_ || at_ >= extent_                                             \
                            ? -1 : base_ + (elements)->stride * (at_ < 0 ? at_ + extent_ : at_);     \
            __VA_ARGS__                                                                              \
            for (long axis_ = walk_->rank - 1; axis_ >= 0; axis_--) {                                \
                base_ += walk_->source[axis_];                                                       \
                place += walk_->target[axis_];                                                       \
                if (++index_[axis_] < walk_->extents[axis_]) break;                                  \
                base_ -= walk_->source[axis_] * index_[axis_];                                       \
                place -= walk_->target[axis_] * index_[axis_];                                       \
                index_[axis_] = 0;                                                                   \
            }                                                                                        \
        }                                                                                            \
    }

#define NOT_A_NUMBER NAN
#define IS_NAN(x) isnan(x)
#define TEMPLATE "axes_template.h"
#include "for_each_type.h"
#undef NOT_A_NUMBER
#undef IS_NAN

#define REAL int64_t
#define NAME(name) name##_integer
#define NOT_A_NUMBER 0
#define IS_NAN(x) 0
#include "axes_template.h"
#define DISPATCH_WITH_INTEGERS(name, ...)                                                            \
    if (type == INSTAR_INTEGER) name##_integer(__VA_ARGS__);                                         \
    else DISPATCH(name, __VA_ARGS__)

void instar_cumulative_sum(int32_t type, const instar_axis *axis, int32_t exclusive, int32_t reversed, int32_t adds,
                           const void *x, void *y) {
    DISPATCH_WITH_INTEGERS(cumulative_sum, axis, exclusive, reversed, adds, x, y);
}

void instar_extreme_position(int32_t type, const instar_axis *axis, int32_t largest, int32_t last, const void *x,
                             int64_t *y) {
    DISPATCH_WITH_INTEGERS(extreme_position, axis, largest, last, x, y);
}

void instar_minimize_integers(const instar_strides *strides, const int64_t *source, int64_t *target) {
    long index[INSTAR_MAXIMUM_STRIDED_RANK] = {0}, count = 1, s = strides->source_start, t = strides->target_start;
    for (long axis = 0; axis < strides->rank; axis++) count *= strides->extents[axis];
    for (long element = 0; element < count; element++) {
        if (source[s] < target[t]) target[t] = source[s];
        for (long axis = strides->rank - 1; axis >= 0; axis--) {
            s += strides->source[axis];
            t += strides->target[axis];
            if (++index[axis] < strides->extents[axis]) break;
            s -= strides->source[axis] * index[axis];
            t -= strides->target[axis] * index[axis];
            index[axis] = 0;
        }
    }
}

void instar_gather_elements(int32_t type, const instar_elements *elements, const int64_t *indices, const void *x,
                            void *y) {
    DISPATCH_WITH_INTEGERS(gather_elements, elements, indices, x, y);
}

void instar_gather_elements_backward(int32_t type, const instar_elements *elements, const int64_t *indices,
                                     const void *dy, void *dx) {
    DISPATCH_WITH_INTEGERS(gather_elements_backward, elements, indices, dy, dx);
}
