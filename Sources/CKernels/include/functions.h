// Functions of one number with up to two constants, y = f(x; p, q), for operators of their own and recurrent layers.
#ifndef CKERNELS_FUNCTIONS_H
#define CKERNELS_FUNCTIONS_H
#include <stdint.h>

static const int32_t INSTAR_FUNCTION_SIGMOID = 0,   // 1/(1 + e⁻ˣ)
    INSTAR_FUNCTION_TANH = 1,                       // tanh x
    INSTAR_FUNCTION_RELU = 2,                       // max(x, 0)
    INSTAR_FUNCTION_LEAKY_RELU = 3,                 // x, or p·x below 0
    INSTAR_FUNCTION_THRESHOLDED_RELU = 4,           // x, or 0 up to p
    INSTAR_FUNCTION_ELU = 5,                        // x, or p·(eˣ − 1) below 0
    INSTAR_FUNCTION_SELU = 6,                       // q·x, or q·p·(eˣ − 1) below 0
    INSTAR_FUNCTION_CELU = 7,                       // x, or p·(e^(x/p) − 1) below 0
    INSTAR_FUNCTION_SOFTPLUS = 8,                   // log(1 + eˣ)
    INSTAR_FUNCTION_SOFTSIGN = 9,                   // x/(1 + |x|)
    INSTAR_FUNCTION_HARD_SIGMOID = 10,              // min(max(p·x + q, 0), 1)
    INSTAR_FUNCTION_HARD_SWISH = 11,                // x·min(max(x/6 + ½, 0), 1)
    INSTAR_FUNCTION_SWISH = 12,                     // x/(1 + e^(−p·x))
    INSTAR_FUNCTION_MISH = 13,                      // x·tanh(log(1 + eˣ))
    INSTAR_FUNCTION_AFFINE = 14,                    // p·x + q
    INSTAR_FUNCTION_SCALED_TANH = 15,               // p·tanh(q·x)
    INSTAR_FUNCTION_ABSOLUTE = 16,                  // |x|
    INSTAR_FUNCTION_SQUARE = 17,                    // x²
    INSTAR_FUNCTION_EXPONENTIAL = 18,               // eˣ
    INSTAR_FUNCTION_SINH = 19,                      // sinh x
    INSTAR_FUNCTION_COSH = 20,                      // cosh x
    INSTAR_FUNCTION_TANGENT = 21,                   // tan x
    INSTAR_FUNCTION_ARCTANGENT = 22,                // arctan x
    INSTAR_FUNCTION_SIGN = 23,                      // −1, 0 or 1
    INSTAR_FUNCTION_FLOOR = 24,                     // the next whole number below
    INSTAR_FUNCTION_CEILING = 25,                   // the next whole number above
    INSTAR_FUNCTION_ROUND = 26;                     // the nearest whole number, of two the even one

typedef struct {
    int32_t code;
    double p, q;
} instar_function;

void instar_apply(int32_t type, instar_function function, const void *x, void *y, long count);
// dx += f′(x)·dy.
void instar_apply_backward(int32_t type, instar_function function, const void *x, const void *dy, void *dx, long count);

// slopes = f′·dy for y = f(s), from y: f the identity, the square root (0 at 0) or the logarithm.
static const int32_t INSTAR_OUTER_IDENTITY = 0, INSTAR_OUTER_ROOT = 1, INSTAR_OUTER_LOGARITHM = 2;
void instar_outer_slope(int32_t type, int32_t code, const void *y, const void *dy, void *slopes, long count);

// y = x, or slope·x below 0, element by element.
void instar_prelu(int32_t type, const void *x, const void *slope, void *y, long count);
// dx += dy, or slope·dy below 0, where dx is not null; and dslope = 0, or x·dy below 0, where dslope is not null.
void instar_prelu_backward(int32_t type, const void *x, const void *slope, const void *dy, void *dx, void *dslope,
                           long count);

#endif
