// Kernels of the operations that move, reduce, normalise, convolve and pool.
//
// As in elementwise.h, `type` is INSTAR_FLOAT, INSTAR_DOUBLE or, where it says so, INSTAR_INTEGER. Backward kernels
// add to the gradients they are given.
#ifndef CKERNELS_OPERATIONS_H
#define CKERNELS_OPERATIONS_H
#include <stdint.h>

// Twice the rank of a tensor: Tile splits every axis in two.
#define INSTAR_MAXIMUM_STRIDED_RANK 16

// Pairs of positions in two arrays: for every index, start + Σ index·stride in the source and in the target.
// Strides may be 0 (repeated in the source, summed in the target) and negative.
typedef struct {
    long source_start, target_start;
    long rank;
    long extents[INSTAR_MAXIMUM_STRIDED_RANK];
    long source[INSTAR_MAXIMUM_STRIDED_RANK];
    long target[INSTAR_MAXIMUM_STRIDED_RANK];
} instar_strides;

// Adds an axis inside those there are, merged with the last one where both arrays step through both in one stride.
void instar_strides_append(instar_strides *strides, long extent, long source, long target);

// target = source; integers too.
void instar_copy(int32_t type, const instar_strides *strides, const void *source, void *target);
// target += scale·source; integers too, with scale 1.
void instar_accumulate(int32_t type, const instar_strides *strides, double scale, const void *source, void *target);
// target = max(target, source), NaN where the source is; integers too.
void instar_maximize(int32_t type, const instar_strides *strides, const void *source, void *target);
// Gradient of a maximum, shared evenly by the sources that equal it. `counts` has room for the targets.
void instar_maximize_backward(int32_t type, const instar_strides *strides, const void *source, const void *target,
                              const void *target_gradient, long target_count, void *counts, void *source_gradient);
// Every element = *value; integers too.
void instar_fill(int32_t type, const void *value, void *target, long count);

// Rows picked by index tuples: `outer` blocks of extents[0] × … × extents[depth − 1] rows of `inner` elements each.
typedef struct {
    long outer;
    long depth;
    long extents[8];
    long inner;
    long count;          // tuples per block
    long tuples_stride;  // from one block's tuples to the next, in tuples; 0 where all blocks share them
} instar_selection;

// y = the picked rows; integers too. Negative numbers count from the end; a row out of range is NaN (integers: 0).
void instar_gather(int32_t type, const instar_selection *selection, const int64_t *tuples, const void *x, void *y);
// dx of the picked rows += dy.
void instar_gather_backward(int32_t type, const instar_selection *selection, const int64_t *tuples, const void *dy,
                            void *dx);

// y = the elements of each matrix on and above (upper) or below the diagonal shifted by `shift`, else 0; integers too.
void instar_triangle(int32_t type, int32_t upper, long shift, long matrices, long rows, long columns, const void *x,
                     void *y);
// dx += dy on the same elements.
void instar_triangle_backward(int32_t type, int32_t upper, long shift, long matrices, long rows, long columns,
                              const void *dy, void *dx);

// y = a mod b with the sign of the divisor (or, with `truncated`, of the dividend); a mod 0 is 0. Integers.
void instar_modulo(int32_t truncated, const instar_broadcast *layout, const int64_t *a, const int64_t *b, int64_t *y);

// y = f(x; p, q): min(max(x, p), q); log(1 + eˣ); x or p·x below 0; x or p·(eˣ − 1) below 0.
static const int32_t INSTAR_CLIP = 0, INSTAR_SOFTPLUS = 1, INSTAR_LEAKY_RELU = 2, INSTAR_ELU = 3;
void instar_activation(int32_t type, int32_t code, double p, double q, const void *x, void *y, long count);
void instar_activation_backward(int32_t type, int32_t code, double p, double q, const void *x, const void *dy, void *dx,
                                long count);

// Softmax (or its logarithm) along the middle axis of [outer, extent, inner].
void instar_softmax(int32_t type, int32_t logarithm, long outer, long extent, long inner, const void *x, void *y);
void instar_softmax_backward(int32_t type, int32_t logarithm, long outer, long extent, long inner, const void *y,
                             const void *dy, void *dx);

// y = (x − mean)/√(variance + epsilon)·scale + bias over each row of [rows, extent]; bias may be null. `statistics` keeps
// each row's mean and 1/√(variance + epsilon), [rows, 2].
void instar_layer_norm(int32_t type, long rows, long extent, double epsilon, const void *x, const void *scale,
                       const void *bias, void *y, void *statistics);
// Each gradient may be null.
void instar_layer_norm_backward(int32_t type, long rows, long extent, const void *x, const void *scale,
                                const void *statistics, const void *dy, void *dx, void *dscale, void *dbias);

// y = (x − mean)/√(variance + epsilon)·scale + bias with one of each per channel of [batch, channels, inner].
void instar_batch_norm(int32_t type, long batch, long channels, long inner, double epsilon, const void *x,
                       const void *scale, const void *bias, const void *mean, const void *variance, void *y);
// Each gradient may be null.
void instar_batch_norm_backward(int32_t type, long batch, long channels, long inner, double epsilon, const void *x,
                                const void *scale, const void *mean, const void *variance, const void *dy, void *dx,
                                void *dscale, void *dbias, void *dmean, void *dvariance);

// A window that slides over the last three axes: layers, rows and columns. Fewer axes are the last ones, the others 1.
typedef struct {
    long input[3], output[3], kernel[3], stride[3], dilation[3], pad_begin[3], pad_end[3];
} instar_window;

// columns[c·kernel + tap][output position] = x[c][input position], 0 in the padding: a convolution as a product.
void instar_unfold(int32_t type, const instar_window *window, long channels, const void *x, void *columns);
// x += its transpose.
void instar_fold(int32_t type, const instar_window *window, long channels, const void *columns, void *x);

// The largest element under the window, for each of `planes`; the first one gets the gradient. `indices`, where it is
// not null, receives the place of that one among all elements of x (−1 where there is none), counted within its plane
// with the last axis fastest or, with `column_major`, the first one.
void instar_max_pool(int32_t type, const instar_window *window, int32_t column_major, long planes, const void *x,
                     void *y, int64_t *indices);
void instar_max_pool_backward(int32_t type, const instar_window *window, long planes, const void *x, const void *dy,
                              void *dx);
// The mean of the elements under the window; with `padding`, its zeros count.
void instar_average_pool(int32_t type, const instar_window *window, int32_t padding, long planes, const void *x,
                         void *y);
void instar_average_pool_backward(int32_t type, const instar_window *window, int32_t padding, long planes,
                                  const void *dy, void *dx);

#endif
