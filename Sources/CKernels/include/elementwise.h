// Element-wise kernels of the graph operations. Arrays are row-major without gaps.
//
// Every kernel takes the type of its elements, `INSTAR_FLOAT`, `INSTAR_DOUBLE` or (where it says so)
// `INSTAR_INTEGER` (int64_t), and picks its variant.
#ifndef CKERNELS_ELEMENTWISE_H
#define CKERNELS_ELEMENTWISE_H
#include <stdint.h>

static const int32_t INSTAR_FLOAT = 0, INSTAR_DOUBLE = 1, INSTAR_INTEGER = 2;

#define INSTAR_MAXIMUM_RANK 8

// How up to three operands broadcast to an output: extents of the output's axes, neighbouring axes merged where every
// operand allows it, and each operand's distance in elements from one index to the next (0 where it is repeated).
typedef struct {
    long rank;
    long extents[INSTAR_MAXIMUM_RANK];
    long strides[3][INSTAR_MAXIMUM_RANK];
} instar_broadcast;

// The layout of an output with `rank` axes, before operands are added.
instar_broadcast instar_broadcast_output(long rank, const long *extents);
// Adds operand `index`, whose axes are aligned with the output's last ones.
void instar_broadcast_operand(instar_broadcast *layout, long index, long rank, const long *extents);
// Merges axes; called once, after the last operand.
void instar_broadcast_merge(instar_broadcast *layout);

// Two operands, y = a ∘ b. Integers too, but for the remainder, which has the sign of the dividend; their quotient is
// rounded towards zero, and x/0 is 0.
static const int32_t INSTAR_ADD = 0, INSTAR_SUBTRACT = 1, INSTAR_MULTIPLY = 2, INSTAR_DIVIDE = 3, INSTAR_POWER = 4,
                     INSTAR_MAXIMUM = 5, INSTAR_MINIMUM = 6, INSTAR_REMAINDER = 7;
void instar_binary(int32_t type, int32_t code, const instar_broadcast *layout, const void *a, const void *b, void *y);
// gradient += ∂y/∂operand · dy, summed over the axes along which the operand is repeated. Floating point only.
void instar_binary_backward(int32_t type, int32_t code, int32_t operand, const instar_broadcast *layout, const void *a,
                            const void *b, const void *y, const void *dy, void *gradient);

// Comparisons of two operands of any type; y is 0 or 1.
static const int32_t INSTAR_EQUAL = 0, INSTAR_GREATER = 1, INSTAR_LESS = 2, INSTAR_GREATER_OR_EQUAL = 3,
                     INSTAR_LESS_OR_EQUAL = 4;
void instar_compare(int32_t type, int32_t code, const instar_broadcast *layout, const void *a, const void *b,
                    int64_t *y);

// y = operand 0 ? operand 1 : operand 2; any type.
void instar_where(int32_t type, const instar_broadcast *layout, const int64_t *condition, const void *a, const void *b,
                  void *y);
// gradient of operand 1 (`wanted` 1) or 2 (`wanted` 0) += dy where the condition is `wanted`. Floating point only.
void instar_where_backward(int32_t type, int32_t wanted, const instar_broadcast *layout, const int64_t *condition,
                           const void *dy, void *gradient);

// y = scale · x, with operand 0 repeated over the output.
void instar_expand(int32_t type, const instar_broadcast *layout, double scale, const void *x, void *y);
// dx += scale · dy, summed over the axes along which x is repeated.
void instar_expand_backward(int32_t type, const instar_broadcast *layout, double scale, const void *dy, void *dx);

// Sets bytes to zero, which is 0.0 in every type.
void instar_zero(void *target, long bytes);
// Copies rows of `rowBytes` bytes, one after another; row i of the target is row `rows[i]` of the source.
void instar_gather_rows(const void *source, long rowBytes, const long *rows, long count, void *target);

// y = x in another type, any of the three to any other; fractions are cut off, what does not fit becomes INT64_MIN.
void instar_convert(int32_t from, int32_t to, const void *x, void *y, long count);
// y = x ≠ 0; NaN is.
void instar_convert_to_bool(int32_t from, const void *x, int64_t *y, long count);

// One operand, y = f(x). Negation, absolute value and ReLU of integers too.
static const int32_t INSTAR_NEGATE = 0, INSTAR_ABSOLUTE = 1, INSTAR_SQUARE_ROOT = 2, INSTAR_EXPONENTIAL = 3,
                     INSTAR_LOGARITHM = 4, INSTAR_RECIPROCAL = 5, INSTAR_ERROR_FUNCTION = 6, INSTAR_TANH = 7,
                     INSTAR_SIGMOID = 8, INSTAR_RELU = 9, INSTAR_SINE = 10,
                     INSTAR_COSINE = 11;
void instar_unary(int32_t type, int32_t code, const void *x, void *y, long count);
// dx += f'(x) · dy, from x or y, whichever f' is simplest in.
void instar_unary_backward(int32_t type, int32_t code, const void *x, const void *y, const void *dy, void *dx,
                           long count);

// y = scale·x·(1 + erf(inner·x)), or with `is_tanh` scale·x·(1 + tanh(inner·(x + cubic·x³))).
void instar_gelu(int32_t type, int32_t is_tanh, double scale, double inner, double cubic, const void *x, void *y,
                 long count);
// dx += y'(x) · dy, or dx = y'(x) · dy with `assigns`.
void instar_gelu_backward(int32_t type, int32_t is_tanh, double scale, double inner, double cubic, const void *x,
                          const void *dy, void *dx, int32_t assigns, long count);

#endif
