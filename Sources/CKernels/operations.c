#include "CKernels.h"
#include "transcendental.h"
#include <math.h>
#include <string.h>

void instar_strides_append(instar_strides *strides, long extent, long source, long target) {
    if (extent == 1) return;
    long last = strides->rank - 1;
    if (last >= 0 && strides->source[last] == source * extent && strides->target[last] == target * extent) {
        strides->extents[last] *= extent;
    } else {
        last = strides->rank++;
        strides->extents[last] = extent;
    }
    strides->source[last] = source;
    strides->target[last] = target;
}

// A sum in an order that the compiler may choose, so that it can use vectors.
#define REASSOCIATE _Pragma("clang fp reassociate(on)")

// Calls `body` for each plane of the last two axes: m × n pairs at s + a·sa + b·sb and t + a·ta + b·tb.
#define FOR_EACH_PLANE(strides, ...)                                                                 \
    {                                                                                                \
        long outer_ = (strides)->rank > 2 ? (strides)->rank - 2 : 0;                                 \
        long index_[INSTAR_MAXIMUM_STRIDED_RANK] = {0}, planes_ = 1;                                 \
        long s = (strides)->source_start, t = (strides)->target_start;                               \
        long a_ = (strides)->rank - 2, b_ = (strides)->rank - 1;                                     \
        long m = a_ >= 0 ? (strides)->extents[a_] : 1, n = b_ >= 0 ? (strides)->extents[b_] : 1;     \
        long sa = a_ >= 0 ? (strides)->source[a_] : 0, ta = a_ >= 0 ? (strides)->target[a_] : 0;     \
        long sb = b_ >= 0 ? (strides)->source[b_] : 1, tb = b_ >= 0 ? (strides)->target[b_] : 1;     \
        for (long axis_ = 0; axis_ < outer_; axis_++) planes_ *= (strides)->extents[axis_];          \
        for (long plane_ = 0; plane_ < planes_; plane_++) {                                          \
            __VA_ARGS__                                                                              \
            for (long axis_ = outer_ - 1; axis_ >= 0; axis_--) {                                     \
                s += (strides)->source[axis_];                                                       \
                t += (strides)->target[axis_];                                                       \
                if (++index_[axis_] < (strides)->extents[axis_]) break;                              \
                s -= (strides)->source[axis_] * index_[axis_];                                       \
                t -= (strides)->target[axis_] * index_[axis_];                                       \
                index_[axis_] = 0;                                                                   \
            }                                                                                        \
        }                                                                                            \
    }

// Runs over a plane in squares, so that neither array is left by whole rows between two of its cache lines.
#define TILE 16
#define TILED(statement)                                                                             \
    for (long a0 = 0; a0 < m; a0 += TILE)                                                            \
        for (long b0 = 0; b0 < n; b0 += TILE)                                                        \
            for (long a = a0; a < m && a < a0 + TILE; a++)                                           \
                for (long b = b0; b < n && b < b0 + TILE; b++) statement

// Calls `body` for each picked row: `row` in x (−1 where an index is out of range) goes with `target` in y.
#define FOR_EACH_SELECTED(selection, tuples, ...)                                                    \
    {                                                                                                \
        long inner = (selection)->inner, rows_ = 1;                                                  \
        for (long level_ = 0; level_ < (selection)->depth; level_++)                                 \
            rows_ *= (selection)->extents[level_];                                                   \
        for (long target = 0; target < (selection)->outer * (selection)->count; target++) {          \
            long block_ = target / (selection)->count, item_ = target % (selection)->count;          \
            const int64_t *tuple_ =                                                                  \
                (tuples) + (block_ * (selection)->tuples_stride + item_) * (selection)->depth;       \
            long row = selected_row(selection, tuple_);                                              \
            if (row >= 0) row += block_ * rows_;                                                     \
            __VA_ARGS__                                                                              \
        }                                                                                            \
    }

static inline long selected_row(const instar_selection *selection, const int64_t *tuple) {
    long row = 0;
    for (long level = 0; level < selection->depth; level++) {
        long extent = selection->extents[level];
        if (tuple[level] < -extent || tuple[level] >= extent) return -1;
        row = row * extent + (tuple[level] < 0 ? tuple[level] + extent : tuple[level]);
    }
    return row;
}

// The first output position whose input position start + o·stride is not before 0, and the first whose input position is
// beyond `extent`.
static inline long first_inside(long start, long stride, long outputs) {
    long first = start >= 0 ? 0 : (-start + stride - 1) / stride;
    return first < outputs ? first : outputs;
}
static inline long first_beyond(long start, long stride, long extent, long outputs) {
    long beyond = start >= extent ? 0 : (extent - start + stride - 1) / stride;
    return beyond < outputs ? beyond : outputs;
}

// Calls `body` for each channel, tap and output row: `from + o·stride` in x goes with `to + o` in the columns for
// outputs first ≤ o < last; the others lie in the padding.
#define FOR_EACH_TAP_ROW(w, channels, ...)                                                           \
    for (long tap_ = 0; tap_ < (channels) * (w)->kernel[0] * (w)->kernel[1] * (w)->kernel[2]; tap_++) { \
        long kx_ = tap_ % (w)->kernel[2], rest_ = tap_ / (w)->kernel[2];                             \
        long ky_ = rest_ % (w)->kernel[1], kz_ = rest_ / (w)->kernel[1] % (w)->kernel[0];            \
        long channel_ = rest_ / (w)->kernel[1] / (w)->kernel[0];                                     \
        long start_ = kx_ * (w)->dilation[2] - (w)->pad_begin[2];                                    \
        long inside_ = first_inside(start_, (w)->stride[2], (w)->output[2]);                         \
        long beyond_ = first_beyond(start_, (w)->stride[2], (w)->input[2], (w)->output[2]);          \
        long to = tap_ * (w)->output[0] * (w)->output[1] * (w)->output[2];                           \
        for (long layer_ = 0; layer_ < (w)->output[0]; layer_++)                                     \
            for (long row_ = 0; row_ < (w)->output[1]; row_++, to += (w)->output[2]) {               \
                long z_ = layer_ * (w)->stride[0] + kz_ * (w)->dilation[0] - (w)->pad_begin[0];      \
                long y_ = row_ * (w)->stride[1] + ky_ * (w)->dilation[1] - (w)->pad_begin[1];        \
                int outside_ = z_ < 0 || z_ >= (w)->input[0] || y_ < 0 || y_ >= (w)->input[1];       \
                int empty_ = outside_ || beyond_ < inside_;                                          \
                long first = empty_ ? (w)->output[2] : inside_;                                      \
                long last = empty_ ? (w)->output[2] : beyond_;                                       \
                long line_ = (channel_ * (w)->input[0] + z_) * (w)->input[1] + y_;                   \
                long from = empty_ ? 0 : line_ * (w)->input[2] + start_;                             \
                __VA_ARGS__                                                                          \
            }                                                                                        \
    }

// Calls `body` for each position (layer, row, column) of the window on each plane; `target` is its place in the output.
#define FOR_EACH_WINDOW(w, planes, ...)                                                              \
    for (long plane = 0, target = 0; plane < (planes); plane++)                                      \
        for (long layer = 0; layer < (w)->output[0]; layer++)                                        \
            for (long row = 0; row < (w)->output[1]; row++)                                          \
                for (long column = 0; column < (w)->output[2]; column++, target++) { __VA_ARGS__ }

// Inside FOR_EACH_WINDOW: calls `body` for each element under the window; `position` is its place in the input.
#define FOR_EACH_TAP(w, ...)                                                                         \
    for (long kz_ = 0; kz_ < (w)->kernel[0]; kz_++) {                                                \
        long z_ = layer * (w)->stride[0] + kz_ * (w)->dilation[0] - (w)->pad_begin[0];               \
        if (z_ < 0 || z_ >= (w)->input[0]) continue;                                                 \
        for (long ky_ = 0; ky_ < (w)->kernel[1]; ky_++) {                                            \
            long y_ = row * (w)->stride[1] + ky_ * (w)->dilation[1] - (w)->pad_begin[1];             \
            if (y_ < 0 || y_ >= (w)->input[1]) continue;                                             \
            for (long kx_ = 0; kx_ < (w)->kernel[2]; kx_++) {                                        \
                long x_ = column * (w)->stride[2] + kx_ * (w)->dilation[2] - (w)->pad_begin[2];      \
                if (x_ < 0 || x_ >= (w)->input[2]) continue;                                         \
                long position = ((plane * (w)->input[0] + z_) * (w)->input[1] + y_) * (w)->input[2] + x_; \
                __VA_ARGS__                                                                          \
            }                                                                                        \
        }                                                                                            \
    }

// The number of taps at an output position that lie on the input or, with `padding`, on the padded input.
static inline long tap_count(const instar_window *w, int32_t padding, long layer, long row, long column) {
    long product = 1, positions[3] = {layer, row, column};
    for (int axis = 0; axis < 3; axis++) {
        long count = 0;
        for (long tap = 0; tap < w->kernel[axis]; tap++) {
            long at = positions[axis] * w->stride[axis] + tap * w->dilation[axis] - w->pad_begin[axis];
            if (padding) count += at < w->input[axis] + w->pad_end[axis];
            else count += at >= 0 && at < w->input[axis];
        }
        product *= count;
    }
    return product;
}

// The place of an element within the input of a window, the first axis fastest within each plane.
static inline int64_t column_major_position(const instar_window *w, int64_t position) {
    int64_t x = position % w->input[2], rest = position / w->input[2];
    int64_t y = rest % w->input[1], z = rest / w->input[1] % w->input[0];
    int64_t plane = rest / w->input[1] / w->input[0];
    return ((plane * w->input[2] + x) * w->input[1] + y) * w->input[0] + z;
}

#define REAL float
#define NAME(name) name##_float
#define MATH(function) function##f
#define NOT_A_NUMBER NAN
#include "operations_template.h"
#undef REAL
#undef NAME
#undef MATH

#define REAL double
#define NAME(name) name##_double
#define MATH(function) function
#include "operations_template.h"
#undef REAL
#undef NAME
#undef MATH
#undef NOT_A_NUMBER

#define REAL int64_t
#define NAME(name) name##_integer
#define NOT_A_NUMBER 0
#define INTEGERS_ONLY
#include "operations_template.h"

// Picks the variant of a kernel by type.
#define DISPATCH(name, ...)                                                                          \
    if (type == INSTAR_FLOAT) name##_float(__VA_ARGS__);                                             \
    else name##_double(__VA_ARGS__)
#define DISPATCH_WITH_INTEGERS(name, ...)                                                            \
    if (type == INSTAR_INTEGER) name##_integer(__VA_ARGS__);                                         \
    else DISPATCH(name, __VA_ARGS__)

void instar_copy(int32_t type, const instar_strides *strides, const void *source, void *target) {
    DISPATCH_WITH_INTEGERS(copy, strides, source, target);
}

void instar_accumulate(int32_t type, const instar_strides *strides, double scale, const void *source, void *target) {
    DISPATCH_WITH_INTEGERS(accumulate, strides, scale, source, target);
}

void instar_maximize(int32_t type, const instar_strides *strides, const void *source, void *target) {
    DISPATCH_WITH_INTEGERS(maximize, strides, source, target);
}

void instar_maximize_backward(int32_t type, const instar_strides *strides, const void *source, const void *target,
                              const void *target_gradient, long target_count, void *counts, void *source_gradient) {
    DISPATCH(maximize_backward, strides, source, target, target_gradient, target_count, counts, source_gradient);
}

void instar_fill(int32_t type, const void *value, void *target, long count) {
    if (type == INSTAR_FLOAT) fill_float(*(const float *)value, target, count);
    else if (type == INSTAR_DOUBLE) fill_double(*(const double *)value, target, count);
    else fill_integer(*(const int64_t *)value, target, count);
}

void instar_gather(int32_t type, const instar_selection *selection, const int64_t *tuples, const void *x, void *y) {
    DISPATCH_WITH_INTEGERS(gather, selection, tuples, x, y);
}

void instar_gather_backward(int32_t type, const instar_selection *selection, const int64_t *tuples, const void *dy,
                            void *dx) {
    DISPATCH(gather_backward, selection, tuples, dy, dx);
}

void instar_triangle(int32_t type, int32_t upper, long shift, long matrices, long rows, long columns, const void *x,
                     void *y) {
    DISPATCH_WITH_INTEGERS(triangle, upper, shift, matrices, rows, columns, x, y);
}

void instar_triangle_backward(int32_t type, int32_t upper, long shift, long matrices, long rows, long columns,
                              const void *dy, void *dx) {
    DISPATCH(triangle_backward, upper, shift, matrices, rows, columns, dy, dx);
}

void instar_modulo(int32_t truncated, const instar_broadcast *layout, const int64_t *a, const int64_t *b, int64_t *y) {
    long count = 1, index[INSTAR_MAXIMUM_RANK] = {0}, i = 0, j = 0;
    for (long axis = 0; axis < layout->rank; axis++) count *= layout->extents[axis];
    for (long o = 0; o < count; o++) {
        // The remainder by −1 is 0 without a division, which would overflow for the smallest number.
        int64_t remainder = b[j] == 0 || b[j] == -1 ? 0 : a[i] % b[j];
        y[o] = !truncated && remainder != 0 && (remainder < 0) != (b[j] < 0) ? remainder + b[j] : remainder;
        for (long axis = layout->rank - 1; axis >= 0; axis--) {
            i += layout->strides[0][axis];
            j += layout->strides[1][axis];
            if (++index[axis] < layout->extents[axis]) break;
            i -= layout->strides[0][axis] * index[axis];
            j -= layout->strides[1][axis] * index[axis];
            index[axis] = 0;
        }
    }
}

void instar_activation(int32_t type, int32_t code, double p, double q, const void *x, void *y, long count) {
    DISPATCH(activation, code, p, q, x, y, count);
}

void instar_activation_backward(int32_t type, int32_t code, double p, double q, const void *x, const void *dy, void *dx,
                                long count) {
    DISPATCH(activation_backward, code, p, q, x, dy, dx, count);
}

void instar_softmax(int32_t type, int32_t logarithm, long outer, long extent, long inner, const void *x, void *y) {
    DISPATCH(softmax, logarithm, outer, extent, inner, x, y);
}

void instar_softmax_backward(int32_t type, int32_t logarithm, long outer, long extent, long inner, const void *y,
                             const void *dy, void *dx) {
    DISPATCH(softmax_backward, logarithm, outer, extent, inner, y, dy, dx);
}

void instar_layer_norm(int32_t type, long rows, long extent, double epsilon, const void *x, const void *scale,
                       const void *bias, void *y, void *statistics) {
    DISPATCH(layer_norm, rows, extent, epsilon, x, scale, bias, y, statistics);
}

void instar_layer_norm_backward(int32_t type, long rows, long extent, const void *x, const void *scale,
                                const void *statistics, const void *dy, void *dx, void *dscale, void *dbias) {
    DISPATCH(layer_norm_backward, rows, extent, x, scale, statistics, dy, dx, dscale, dbias);
}

void instar_batch_norm(int32_t type, long batch, long channels, long inner, double epsilon, const void *x,
                       const void *scale, const void *bias, const void *mean, const void *variance, void *y) {
    DISPATCH(batch_norm, batch, channels, inner, epsilon, x, scale, bias, mean, variance, y);
}

void instar_batch_norm_backward(int32_t type, long batch, long channels, long inner, double epsilon, const void *x,
                                const void *scale, const void *mean, const void *variance, const void *dy, void *dx,
                                void *dscale, void *dbias, void *dmean, void *dvariance) {
    DISPATCH(batch_norm_backward, batch, channels, inner, epsilon, x, scale, mean, variance, dy, dx, dscale, dbias,
             dmean, dvariance);
}

void instar_unfold(int32_t type, const instar_window *window, long channels, const void *x, void *columns) {
    DISPATCH(unfold, window, channels, x, columns);
}

void instar_fold(int32_t type, const instar_window *window, long channels, const void *columns, void *x) {
    DISPATCH(fold, window, channels, columns, x);
}

void instar_max_pool(int32_t type, const instar_window *window, int32_t column_major, long planes, const void *x,
                     void *y, int64_t *indices) {
    DISPATCH(max_pool, window, column_major, planes, x, y, indices);
}

void instar_max_pool_backward(int32_t type, const instar_window *window, long planes, const void *x, const void *dy,
                              void *dx) {
    DISPATCH(max_pool_backward, window, planes, x, dy, dx);
}

void instar_average_pool(int32_t type, const instar_window *window, int32_t padding, long planes, const void *x,
                         void *y) {
    DISPATCH(average_pool, window, padding, planes, x, y);
}

void instar_average_pool_backward(int32_t type, const instar_window *window, int32_t padding, long planes,
                                  const void *dy, void *dx) {
    DISPATCH(average_pool_backward, window, padding, planes, dy, dx);
}
