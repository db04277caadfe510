#include "CKernels.h"
#include "transcendental.h"
#include <math.h>
#include <string.h>

instar_broadcast instar_broadcast_output(long rank, const long *extents) {
    instar_broadcast layout = {.rank = rank};
    for (long axis = 0; axis < rank; axis++) layout.extents[axis] = extents[axis];
    return layout;
}

void instar_broadcast_operand(instar_broadcast *layout, long index, long rank, const long *extents) {
    long stride = 1;
    for (long axis = rank - 1; axis >= 0; axis--) {
        long target = axis + layout->rank - rank;
        layout->strides[index][target] = extents[axis] == 1 && layout->extents[target] != 1 ? 0 : stride;
        stride *= extents[axis];
    }
}

void instar_broadcast_merge(instar_broadcast *layout) {
    long kept = 0;
    for (long axis = 0; axis < layout->rank; axis++) {
        long extent = layout->extents[axis];
        if (extent == 1) continue;
        // The axis before is one with this one if every operand steps through both in one stride.
        int merges = kept > 0;
        for (int operand = 0; operand < 3 && merges; operand++)
            merges = layout->strides[operand][kept - 1] == layout->strides[operand][axis] * extent;
        if (!merges) kept++;
        for (int operand = 0; operand < 3; operand++)
            layout->strides[operand][kept - 1] = layout->strides[operand][axis];
        layout->extents[kept - 1] = merges ? layout->extents[kept - 1] * extent : extent;
    }
    layout->rank = kept;
}

// Calls `body` once per row along the last axis, with the offsets of the operands and of the output.
#define FOR_EACH_ROW(layout, ...)                                                                    \
    {                                                                                                \
        long last_ = (layout)->rank - 1, index_[INSTAR_MAXIMUM_RANK] = {0}, rows_ = 1;               \
        long count = last_ >= 0 ? (layout)->extents[last_] : 1, o0 = 0, o1 = 0, o2 = 0;              \
        for (long axis_ = 0; axis_ < last_; axis_++) rows_ *= (layout)->extents[axis_];              \
        if (count == 0) rows_ = 0;                                                                   \
        long s0 = last_ >= 0 ? (layout)->strides[0][last_] : 0;                                      \
        long s1 = last_ >= 0 ? (layout)->strides[1][last_] : 0;                                      \
        long s2 = last_ >= 0 ? (layout)->strides[2][last_] : 0;                                      \
        (void)s0, (void)s1, (void)s2;                                                                \
        for (long row_ = 0; row_ < rows_; row_++) {                                                  \
            long o = row_ * count;                                                                   \
            __VA_ARGS__;                                                                             \
            for (long axis_ = last_ - 1; axis_ >= 0; axis_--) {                                      \
                o0 += (layout)->strides[0][axis_];                                                   \
                o1 += (layout)->strides[1][axis_];                                                   \
                o2 += (layout)->strides[2][axis_];                                                   \
                if (++index_[axis_] < (layout)->extents[axis_]) break;                               \
                o0 -= (layout)->strides[0][axis_] * index_[axis_];                                   \
                o1 -= (layout)->strides[1][axis_] * index_[axis_];                                   \
                o2 -= (layout)->strides[2][axis_] * index_[axis_];                                   \
                index_[axis_] = 0;                                                                   \
            }                                                                                        \
        }                                                                                            \
    }

/* A power below 1 is cut off to 0. */
static inline int64_t int64_power(int64_t base, int64_t exponent) {
    if (exponent < 0) return base == 1 ? 1 : base == -1 ? (exponent & 1 ? -1 : 1) : 0;
    uint64_t result = 1, square = (uint64_t)base;
    for (; exponent > 0; exponent >>= 1, square *= square)
        if (exponent & 1) result *= square;
    return (int64_t)result;
}
static inline int64_t int64_quotient(int64_t a, int64_t b) { return b == 0 ? 0 : b == -1 ? -(uint64_t)a : a / b; }

#define REAL float
#define NAME(name) name##_float
#define MATH(function) function##f
#include "elementwise_template.h"
#undef REAL
#undef NAME
#undef MATH

#define REAL double
#define NAME(name) name##_double
#define MATH(function) function
#include "elementwise_template.h"
#undef REAL
#undef NAME
#undef MATH

#define INTEGER_ROW(expression)                                                                      \
    FOR_EACH_ROW(layout, for (long i = 0; i < count; i++) {                                          \
        int64_t p = a[o0 + i * s0], q = b[o1 + i * s1];                                              \
        y[o + i] = (expression);                                                                     \
    })                                                                                               \
    break

static void binary_integer(int32_t code, const instar_broadcast *layout, const int64_t *a, const int64_t *b,
                           int64_t *y) {
    switch (code) {
    case INSTAR_ADD: INTEGER_ROW((int64_t)((uint64_t)p + (uint64_t)q));
    case INSTAR_SUBTRACT: INTEGER_ROW((int64_t)((uint64_t)p - (uint64_t)q));
    case INSTAR_MULTIPLY: INTEGER_ROW((int64_t)((uint64_t)p * (uint64_t)q));
    case INSTAR_DIVIDE: INTEGER_ROW(int64_quotient(p, q));
    case INSTAR_POWER: INTEGER_ROW(int64_power(p, q));
    case INSTAR_MAXIMUM: INTEGER_ROW(p > q ? p : q);
    case INSTAR_MINIMUM: INTEGER_ROW(p < q ? p : q);
    }
}

static void compare_integer(int32_t code, const instar_broadcast *layout, const int64_t *a, const int64_t *b,
                            int64_t *y) {
    switch (code) {
    case INSTAR_EQUAL: INTEGER_ROW(p == q);
    case INSTAR_GREATER: INTEGER_ROW(p > q);
    case INSTAR_LESS: INTEGER_ROW(p < q);
    case INSTAR_GREATER_OR_EQUAL: INTEGER_ROW(p >= q);
    case INSTAR_LESS_OR_EQUAL: INTEGER_ROW(p <= q);
    }
}

static void where_integer(const instar_broadcast *layout, const int64_t *condition, const int64_t *a,
                          const int64_t *b, int64_t *y) {
    FOR_EACH_ROW(layout, for (long i = 0; i < count; i++) y[o + i] = condition[o0 + i * s0] ? a[o1 + i * s1]
                                                                                            : b[o2 + i * s2])
}

void instar_binary(int32_t type, int32_t code, const instar_broadcast *layout, const void *a, const void *b, void *y) {
    if (type == INSTAR_FLOAT) binary_float(code, layout, a, b, y);
    else if (type == INSTAR_DOUBLE) binary_double(code, layout, a, b, y);
    else binary_integer(code, layout, a, b, y);
}

void instar_binary_backward(int32_t type, int32_t code, int32_t operand, const instar_broadcast *layout, const void *a,
                            const void *b, const void *y, const void *dy, void *gradient) {
    if (type == INSTAR_FLOAT) binary_backward_float(code, operand, layout, a, b, y, dy, gradient);
    else binary_backward_double(code, operand, layout, a, b, y, dy, gradient);
}

void instar_compare(int32_t type, int32_t code, const instar_broadcast *layout, const void *a, const void *b,
                    int64_t *y) {
    if (type == INSTAR_FLOAT) compare_float(code, layout, a, b, y);
    else if (type == INSTAR_DOUBLE) compare_double(code, layout, a, b, y);
    else compare_integer(code, layout, a, b, y);
}

void instar_where(int32_t type, const instar_broadcast *layout, const int64_t *condition, const void *a, const void *b,
                  void *y) {
    if (type == INSTAR_FLOAT) where_float(layout, condition, a, b, y);
    else if (type == INSTAR_DOUBLE) where_double(layout, condition, a, b, y);
    else where_integer(layout, condition, a, b, y);
}

void instar_where_backward(int32_t type, int32_t wanted, const instar_broadcast *layout, const int64_t *condition,
                           const void *dy, void *gradient) {
    if (type == INSTAR_FLOAT) where_backward_float(wanted, layout, condition, dy, gradient);
    else where_backward_double(wanted, layout, condition, dy, gradient);
}

void instar_unary(int32_t type, int32_t code, const void *x, void *y, long count) {
    if (type == INSTAR_FLOAT) unary_float(code, x, y, count);
    else if (type == INSTAR_DOUBLE) unary_double(code, x, y, count);
    else {
        const int64_t *source = x;
        int64_t *target = y;
        for (long i = 0; i < count; i++) {
            int64_t opposite = (int64_t)(0 - (uint64_t)source[i]);
            if (code == INSTAR_NEGATE) target[i] = opposite;
            else target[i] = source[i] >= 0 ? source[i] : code == INSTAR_RELU ? 0 : opposite;
        }
    }
}

void instar_unary_backward(int32_t type, int32_t code, const void *x, const void *y, const void *dy, void *dx,
                           long count) {
    if (type == INSTAR_FLOAT) unary_backward_float(code, x, y, dy, dx, count);
    else unary_backward_double(code, x, y, dy, dx, count);
}

void instar_expand(int32_t type, const instar_broadcast *layout, double scale, const void *x, void *y) {
    if (type == INSTAR_FLOAT) expand_float(layout, (float)scale, x, y);
    else expand_double(layout, scale, x, y);
}

void instar_expand_backward(int32_t type, const instar_broadcast *layout, double scale, const void *dy, void *dx) {
    if (type == INSTAR_FLOAT) expand_backward_float(layout, (float)scale, dy, dx);
    else expand_backward_double(layout, scale, dy, dx);
}

void instar_zero(void *target, long bytes) { memset(target, 0, (size_t)bytes); }

void instar_gather_rows(const void *source, long rowBytes, const long *rows, long count, void *target) {
    for (long first = 0, end; first < count; first = end) {
        for (end = first + 1; end < count && rows[end] == rows[end - 1] + 1; end++) {}
        // Random rows come from memory: the next one is asked for while this one is copied.
        if (end < count)
            for (long byte = 0; byte < rowBytes && byte < 4096; byte += 64)
                __builtin_prefetch((const char *)source + rows[end] * rowBytes + byte);
        memcpy((char *)target + first * rowBytes, (const char *)source + rows[first] * rowBytes,
               (size_t)((end - first) * rowBytes));
    }
}

static inline int64_t integer_part(double x) { return x > -0x1p63 && x < 0x1p63 ? (int64_t)x : INT64_MIN; }

void instar_convert(int32_t from, int32_t to, const void *x, void *y, long count) {
    const float *floats = x;
    const double *doubles = x;
    const int64_t *integers = x;
    for (long i = 0; i < count; i++) {
        if (from == INSTAR_INTEGER && to == INSTAR_INTEGER) {
            ((int64_t *)y)[i] = integers[i];
            continue;
        }
        double value = from == INSTAR_FLOAT ? floats[i] : from == INSTAR_DOUBLE ? doubles[i] : (double)integers[i];
        if (to == INSTAR_FLOAT) ((float *)y)[i] = (float)value;
        else if (to == INSTAR_DOUBLE) ((double *)y)[i] = value;
        else ((int64_t *)y)[i] = integer_part(value);
    }
}

void instar_convert_to_bool(int32_t from, const void *x, int64_t *y, long count) {
    for (long i = 0; i < count; i++)
        y[i] = from == INSTAR_FLOAT    ? ((const float *)x)[i] != 0
               : from == INSTAR_DOUBLE ? ((const double *)x)[i] != 0
                                       : ((const int64_t *)x)[i] != 0;
}

void instar_gelu(int32_t type, int32_t is_tanh, double scale, double inner, double cubic, const void *x, void *y,
                 long count) {
    if (type == INSTAR_FLOAT) gelu_float(is_tanh, scale, inner, cubic, x, y, count);
    else gelu_double(is_tanh, scale, inner, cubic, x, y, count);
}

void instar_gelu_backward(int32_t type, int32_t is_tanh, double scale, double inner, double cubic, const void *x,
                          const void *dy, void *dx, int32_t assigns, long count) {
    if (type == INSTAR_FLOAT) gelu_backward_float(is_tanh, scale, inner, cubic, x, dy, dx, assigns, count);
    else gelu_backward_double(is_tanh, scale, inner, cubic, x, dy, dx, assigns, count);
}
