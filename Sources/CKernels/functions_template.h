// Functions of one number and their slopes, included once per type by functions.c and recurrent.c.

INSTAR_INLINE REAL NAME(logistic)(REAL x) { return 1 / (1 + NAME(exponential)(-x)); }

// 1 − tanh² x.
INSTAR_INLINE REAL NAME(tangent_slope)(REAL x) {
    REAL tangent = NAME(hyperbolic_tangent)(x);
    return 1 - tangent * tangent;
}

// 1 − tanh(log(1 + eˣ)) = 2/(e²ˣ + 2·eˣ + 2), which for x = 20 is nothing beside 1.
INSTAR_INLINE REAL NAME(mish_rest)(REAL x) {
    REAL e = NAME(exponential)(x > 20 ? 20 : x);
    return 2 / (e * (e + 2) + 2);
}

#define FUNCTION(expression)                                                                         \
    for (long i = 0; i < count; i++) { REAL z = x[i]; y[i] = (expression); }                         \
    break

INSTAR_WIDEST static void NAME(apply)(instar_function function, const REAL *restrict x, REAL *restrict y, long count) {
    REAL p = function.p, q = function.q;
    switch (function.code) {
    case INSTAR_FUNCTION_SIGMOID: FUNCTION(NAME(logistic)(z));
    case INSTAR_FUNCTION_TANH: FUNCTION(NAME(hyperbolic_tangent)(z));
    case INSTAR_FUNCTION_RELU: FUNCTION(z < 0 ? 0 : z);
    case INSTAR_FUNCTION_LEAKY_RELU: FUNCTION(z < 0 ? p * z : z);
    case INSTAR_FUNCTION_THRESHOLDED_RELU: FUNCTION(z <= p ? 0 : z);
    case INSTAR_FUNCTION_ELU: FUNCTION(z < 0 ? p * MATH(expm1)(z) : z);
    case INSTAR_FUNCTION_SELU: FUNCTION(q * (z < 0 ? p * MATH(expm1)(z) : z));
    case INSTAR_FUNCTION_CELU: FUNCTION(z < 0 ? p * MATH(expm1)(z / p) : z);
    case INSTAR_FUNCTION_SOFTPLUS: FUNCTION((z > 0 ? z : 0) + MATH(log1p)(NAME(exponential)(-MATH(fabs)(z))));
    case INSTAR_FUNCTION_SOFTSIGN: FUNCTION(z / (1 + MATH(fabs)(z)));
    case INSTAR_FUNCTION_HARD_SIGMOID: FUNCTION(p * z + q < 0 ? 0 : p * z + q > 1 ? 1 : p * z + q);
    case INSTAR_FUNCTION_HARD_SWISH: FUNCTION(z < -3 ? 0 : z > 3 ? z : z * (z / 6 + (REAL)0.5));
    case INSTAR_FUNCTION_SWISH: FUNCTION(z * NAME(logistic)(p * z));
    case INSTAR_FUNCTION_MISH: FUNCTION(z * (1 - NAME(mish_rest)(z)));
    case INSTAR_FUNCTION_AFFINE: FUNCTION(p * z + q);
    case INSTAR_FUNCTION_SCALED_TANH: FUNCTION(p * NAME(hyperbolic_tangent)(q * z));
    case INSTAR_FUNCTION_ABSOLUTE: FUNCTION(MATH(fabs)(z));
    case INSTAR_FUNCTION_SQUARE: FUNCTION(z * z);
    case INSTAR_FUNCTION_EXPONENTIAL: FUNCTION(NAME(exponential)(z));
    case INSTAR_FUNCTION_SINH: FUNCTION(MATH(sinh)(z));
    case INSTAR_FUNCTION_COSH: FUNCTION(MATH(cosh)(z));
    case INSTAR_FUNCTION_TANGENT: FUNCTION(MATH(tan)(z));
    case INSTAR_FUNCTION_ARCTANGENT: FUNCTION(MATH(atan)(z));
    case INSTAR_FUNCTION_SIGN: FUNCTION(z > 0 ? 1 : z < 0 ? -1 : z);
    case INSTAR_FUNCTION_FLOOR: FUNCTION(MATH(floor)(z));
    case INSTAR_FUNCTION_CEILING: FUNCTION(MATH(ceil)(z));
    case INSTAR_FUNCTION_ROUND: FUNCTION(MATH(nearbyint)(z));
    }
}
#undef FUNCTION

#define SLOPE(expression)                                                                            \
    for (long i = 0; i < count; i++) { REAL z = x[i]; (void)z; slopes[i] = (expression); }           \
    break

// At a kink as in PyTorch.
INSTAR_WIDEST static void NAME(slopes)(instar_function function, const REAL *restrict x, REAL *restrict slopes,
                                       long count) {
    REAL p = function.p, q = function.q;
    switch (function.code) {
    case INSTAR_FUNCTION_SIGMOID: SLOPE(NAME(logistic)(z) * NAME(logistic)(-z));
    case INSTAR_FUNCTION_TANH: SLOPE(NAME(tangent_slope)(z));
    case INSTAR_FUNCTION_RELU: SLOPE(z > 0);
    case INSTAR_FUNCTION_LEAKY_RELU: SLOPE(z > 0 ? 1 : p);
    case INSTAR_FUNCTION_THRESHOLDED_RELU: SLOPE(z > p);
    case INSTAR_FUNCTION_ELU: SLOPE(z > 0 ? 1 : p * NAME(exponential)(z));
    case INSTAR_FUNCTION_SELU: SLOPE(q * (z > 0 ? 1 : p * NAME(exponential)(z)));
    case INSTAR_FUNCTION_CELU: SLOPE(z > 0 ? 1 : NAME(exponential)(z / p));
    case INSTAR_FUNCTION_SOFTPLUS: SLOPE(NAME(logistic)(z));
    case INSTAR_FUNCTION_SOFTSIGN: SLOPE(1 / ((1 + MATH(fabs)(z)) * (1 + MATH(fabs)(z))));
    case INSTAR_FUNCTION_HARD_SIGMOID: SLOPE(p * z + q > 0 && p * z + q < 1 ? p : 0);
    case INSTAR_FUNCTION_HARD_SWISH: SLOPE(z < -3 ? 0 : z > 3 ? 1 : z / 3 + (REAL)0.5);
    case INSTAR_FUNCTION_SWISH: SLOPE(NAME(logistic)(p * z) * (1 + p * z * NAME(logistic)(-p * z)));
    case INSTAR_FUNCTION_MISH:
        SLOPE(1 - NAME(mish_rest)(z) + z * NAME(mish_rest)(z) * (2 - NAME(mish_rest)(z)) * NAME(logistic)(z));
    case INSTAR_FUNCTION_AFFINE: SLOPE(p);
    case INSTAR_FUNCTION_SCALED_TANH: SLOPE(p * q * NAME(tangent_slope)(q * z));
    case INSTAR_FUNCTION_ABSOLUTE: SLOPE(z > 0 ? 1 : z < 0 ? -1 : 0);
    case INSTAR_FUNCTION_SQUARE: SLOPE(2 * z);
    case INSTAR_FUNCTION_EXPONENTIAL: SLOPE(NAME(exponential)(z));
    case INSTAR_FUNCTION_SINH: SLOPE(MATH(cosh)(z));
    case INSTAR_FUNCTION_COSH: SLOPE(MATH(sinh)(z));
    case INSTAR_FUNCTION_TANGENT: SLOPE(1 + MATH(tan)(z) * MATH(tan)(z));
    case INSTAR_FUNCTION_ARCTANGENT: SLOPE(1 / (1 + z * z));
    default: SLOPE(0);
    }
}
#undef SLOPE
