// The floating-point kernels of elementwise.c, included once per type with REAL, NAME and MATH defined.

// A row y[i] = expression of p = a[…] and q = b[…], with the strides that vectorise apart from the rest.
#define BINARY_ROW(expression)                                                                       \
    FOR_EACH_ROW(layout, {                                                                           \
        const REAL *u = a + o0, *v = b + o1;                                                         \
        if (s0 == 1 && s1 == 1) {                                                                    \
            for (long i = 0; i < count; i++) { REAL p = u[i], q = v[i]; y[o + i] = (expression); }   \
        } else if (s0 == 1 && s1 == 0) {                                                             \
            REAL q = *v;                                                                             \
            for (long i = 0; i < count; i++) { REAL p = u[i]; y[o + i] = (expression); }             \
        } else {                                                                                     \
            for (long i = 0; i < count; i++) {                                                       \
                REAL p = u[i * s0], q = v[i * s1];                                                   \
                y[o + i] = (expression);                                                             \
            }                                                                                        \
        }                                                                                            \
    })                                                                                               \
    break

INSTAR_WIDEST static void NAME(binary)(int32_t code, const instar_broadcast *layout, const REAL *restrict a,
                                       const REAL *restrict b, REAL *restrict y) {
    switch (code) {
    case INSTAR_ADD: BINARY_ROW(p + q);
    case INSTAR_SUBTRACT: BINARY_ROW(p - q);
    case INSTAR_MULTIPLY: BINARY_ROW(p * q);
    case INSTAR_DIVIDE: BINARY_ROW(p / q);
    case INSTAR_POWER: BINARY_ROW(q == 2 ? p * p : MATH(pow)(p, q));
    // A NaN operand is the result, as in ONNX and PyTorch.
    case INSTAR_MAXIMUM: BINARY_ROW(p != p || p > q ? p : q);
    case INSTAR_MINIMUM: BINARY_ROW(p != p || p < q ? p : q);
    case INSTAR_REMAINDER: BINARY_ROW(MATH(fmod)(p, q));
    }
}

// A row of gradient += slope · dy; `slope` may read p = a[…], q = b[…] and z = y[…]. A repeated operand gets the sum,
// in an order that the compiler may change within a row.
#define BINARY_BACKWARD_ROW(slope)                                                                   \
    FOR_EACH_ROW(layout, {                                                                           \
        const REAL *u = a + o0, *v = b + o1;                                                         \
        long target = operand == 0 ? o0 : o1, step = operand == 0 ? s0 : s1;                         \
        if (step == 0) {                                                                             \
            _Pragma("clang fp reassociate(on)") REAL sum = 0;                                        \
            for (long i = 0; i < count; i++) {                                                       \
                REAL p = u[i * s0], q = v[i * s1], z = y[o + i];                                     \
                (void)p, (void)q, (void)z;                                                           \
                sum += (slope) * dy[o + i];                                                          \
            }                                                                                        \
            gradient[target] += sum;                                                                 \
        } else if (s0 == 1 && s1 == 1) {                                                             \
            for (long i = 0; i < count; i++) {                                                       \
                REAL p = u[i], q = v[i], z = y[o + i];                                               \
                (void)p, (void)q, (void)z;                                                           \
                gradient[target + i] += (slope) * dy[o + i];                                         \
            }                                                                                        \
        } else if (s0 == 1 && s1 == 0) {                                                             \
            REAL q = *v;                                                                             \
            for (long i = 0; i < count; i++) {                                                       \
                REAL p = u[i], z = y[o + i];                                                         \
                (void)p, (void)q, (void)z;                                                           \
                gradient[target + i] += (slope) * dy[o + i];                                         \
            }                                                                                        \
        } else {                                                                                     \
            for (long i = 0; i < count; i++) {                                                       \
                REAL p = u[i * s0], q = v[i * s1], z = y[o + i];                                     \
                (void)p, (void)q, (void)z;                                                           \
                gradient[target + i * step] += (slope) * dy[o + i];                                  \
            }                                                                                        \
        }                                                                                            \
    })                                                                                               \
    break

INSTAR_WIDEST static void NAME(binary_backward)(int32_t code, int32_t operand, const instar_broadcast *layout,
                                                const REAL *restrict a, const REAL *restrict b,
                                                const REAL *restrict y, const REAL *restrict dy,
                                                REAL *restrict gradient) {
    switch (code * 2 + operand) {
    case INSTAR_ADD * 2:
    case INSTAR_ADD * 2 + 1:
    case INSTAR_SUBTRACT * 2: BINARY_BACKWARD_ROW(1);
    case INSTAR_SUBTRACT * 2 + 1: BINARY_BACKWARD_ROW(-1);
    case INSTAR_MULTIPLY * 2: BINARY_BACKWARD_ROW(q);
    case INSTAR_MULTIPLY * 2 + 1: BINARY_BACKWARD_ROW(p);
    case INSTAR_DIVIDE * 2: BINARY_BACKWARD_ROW(1 / q);
    case INSTAR_DIVIDE * 2 + 1: BINARY_BACKWARD_ROW(-z / q);
    case INSTAR_POWER * 2: BINARY_BACKWARD_ROW(q == 0 ? 0 : q == 2 ? 2 * p : q * MATH(pow)(p, q - 1));
    // Where p is 0 the power is constant in q > 0: its derivative is 0, not 0·log 0.
    case INSTAR_POWER * 2 + 1: BINARY_BACKWARD_ROW(p == 0 && q >= 0 ? 0 : z * MATH(log)(p));
    // At a tie each operand gets half, as in PyTorch.
    case INSTAR_MAXIMUM * 2: BINARY_BACKWARD_ROW(p > q ? 1 : p == q ? (REAL)0.5 : 0);
    case INSTAR_MAXIMUM * 2 + 1: BINARY_BACKWARD_ROW(q > p ? 1 : p == q ? (REAL)0.5 : 0);
    case INSTAR_MINIMUM * 2: BINARY_BACKWARD_ROW(p < q ? 1 : p == q ? (REAL)0.5 : 0);
    case INSTAR_MINIMUM * 2 + 1: BINARY_BACKWARD_ROW(q < p ? 1 : p == q ? (REAL)0.5 : 0);
    case INSTAR_REMAINDER * 2: BINARY_BACKWARD_ROW(1);
    case INSTAR_REMAINDER * 2 + 1: BINARY_BACKWARD_ROW(-MATH(trunc)(p / q));
    }
}
#undef BINARY_ROW
#undef BINARY_BACKWARD_ROW

#define COMPARE_ROW(expression)                                                                      \
    FOR_EACH_ROW(layout, for (long i = 0; i < count; i++) {                                          \
        REAL p = a[o0 + i * s0], q = b[o1 + i * s1];                                                 \
        y[o + i] = (expression);                                                                     \
    })                                                                                               \
    break

INSTAR_WIDEST static void NAME(compare)(int32_t code, const instar_broadcast *layout, const REAL *restrict a,
                                        const REAL *restrict b, int64_t *restrict y) {
    switch (code) {
    case INSTAR_EQUAL: COMPARE_ROW(p == q);
    case INSTAR_GREATER: COMPARE_ROW(p > q);
    case INSTAR_LESS: COMPARE_ROW(p < q);
    case INSTAR_GREATER_OR_EQUAL: COMPARE_ROW(p >= q);
    case INSTAR_LESS_OR_EQUAL: COMPARE_ROW(p <= q);
    }
}
#undef COMPARE_ROW

INSTAR_WIDEST static void NAME(where)(const instar_broadcast *layout, const int64_t *restrict condition,
                                      const REAL *restrict a, const REAL *restrict b, REAL *restrict y) {
    FOR_EACH_ROW(layout, for (long i = 0; i < count; i++) y[o + i] = condition[o0 + i * s0] ? a[o1 + i * s1]
                                                                                            : b[o2 + i * s2])
}

INSTAR_WIDEST static void NAME(where_backward)(int32_t wanted, const instar_broadcast *layout,
                                               const int64_t *restrict condition, const REAL *restrict dy,
                                               REAL *restrict gradient) {
    FOR_EACH_ROW(layout, for (long i = 0; i < count; i++) {
        long target = wanted ? o1 + i * s1 : o2 + i * s2;
        if ((condition[o0 + i * s0] != 0) == wanted) gradient[target] += dy[o + i];
    })
}

INSTAR_WIDEST static void NAME(expand)(const instar_broadcast *layout, REAL scale, const REAL *restrict x,
                                       REAL *restrict y) {
    FOR_EACH_ROW(layout, {
        if (s0 == 1)
            for (long i = 0; i < count; i++) y[o + i] = scale * x[o0 + i];
        else
            for (long i = 0; i < count; i++) y[o + i] = scale * x[o0 + i * s0];
    })
}

INSTAR_WIDEST static void NAME(expand_backward)(const instar_broadcast *layout, REAL scale, const REAL *restrict dy,
                                                REAL *restrict dx) {
    FOR_EACH_ROW(layout, {
        if (s0 == 1) {
            for (long i = 0; i < count; i++) dx[o0 + i] += scale * dy[o + i];
        } else if (s0 == 0) {
            _Pragma("clang fp reassociate(on)") REAL sum = 0;
            for (long i = 0; i < count; i++) sum += dy[o + i];
            dx[o0] += scale * sum;
        } else {
            for (long i = 0; i < count; i++) dx[o0 + i * s0] += scale * dy[o + i];
        }
    })
}

#define UNARY(expression)                                                                            \
    for (long i = 0; i < count; i++) { REAL p = x[i]; y[i] = (expression); }                         \
    break

#define TWO_OVER_SQRT_PI ((REAL)1.12837916709551257390)

INSTAR_WIDEST static void NAME(unary)(int32_t code, const REAL *restrict x, REAL *restrict y, long count) {
    switch (code) {
    case INSTAR_NEGATE: UNARY(-p);
    case INSTAR_ABSOLUTE: UNARY(MATH(fabs)(p));
    case INSTAR_SQUARE_ROOT: UNARY(MATH(sqrt)(p));
    case INSTAR_EXPONENTIAL: UNARY(NAME(exponential)(p));
    case INSTAR_LOGARITHM: UNARY(MATH(log)(p));
    case INSTAR_RECIPROCAL: UNARY(1 / p);
    case INSTAR_ERROR_FUNCTION: UNARY(NAME(error_function)(p));
    case INSTAR_TANH: UNARY(NAME(hyperbolic_tangent)(p));
    case INSTAR_SIGMOID: UNARY(1 / (1 + NAME(exponential)(-p)));
    case INSTAR_RELU: UNARY(p < 0 ? 0 : p);
    case INSTAR_SINE: UNARY(MATH(sin)(p));
    case INSTAR_COSINE: UNARY(MATH(cos)(p));
    }
}
#undef UNARY

#define UNARY_BACKWARD(slope)                                                                        \
    for (long i = 0; i < count; i++) {                                                               \
        REAL p = x[i], z = y[i];                                                                     \
        (void)p, (void)z;                                                                            \
        dx[i] += (slope) * dy[i];                                                                    \
    }                                                                                                \
    break

INSTAR_WIDEST static void NAME(unary_backward)(int32_t code, const REAL *restrict x, const REAL *restrict y,
                                               const REAL *restrict dy, REAL *restrict dx, long count) {
    switch (code) {
    case INSTAR_NEGATE: UNARY_BACKWARD(-1);
    case INSTAR_ABSOLUTE: UNARY_BACKWARD(p > 0 ? 1 : p < 0 ? -1 : 0);
    case INSTAR_SQUARE_ROOT: UNARY_BACKWARD((REAL)0.5 / z);
    case INSTAR_EXPONENTIAL: UNARY_BACKWARD(z);
    case INSTAR_LOGARITHM: UNARY_BACKWARD(1 / p);
    case INSTAR_RECIPROCAL: UNARY_BACKWARD(-z * z);
    case INSTAR_ERROR_FUNCTION: UNARY_BACKWARD(TWO_OVER_SQRT_PI * NAME(exponential)(-p * p));
    case INSTAR_TANH: UNARY_BACKWARD(1 - z * z);
    case INSTAR_SIGMOID: UNARY_BACKWARD(z * (1 - z));
    case INSTAR_RELU: UNARY_BACKWARD(z > 0 ? 1 : 0);
    case INSTAR_SINE: UNARY_BACKWARD(MATH(cos)(p));
    case INSTAR_COSINE: UNARY_BACKWARD(-MATH(sin)(p));
    }
}
#undef UNARY_BACKWARD

// scale·x·(1 + erf(inner·x)) and scale·x·(1 + tanh(inner·(x + cubic·x³))).
INSTAR_WIDEST static void NAME(gelu)(int32_t is_tanh, REAL scale, REAL inner, REAL cubic, const REAL *restrict x,
                                     REAL *restrict y, long count) {
    if (is_tanh) {
        for (long i = 0; i < count; i++)
            y[i] = scale * x[i] * (1 + NAME(hyperbolic_tangent)(inner * (x[i] + cubic * x[i] * x[i] * x[i])));
    } else {
        for (long i = 0; i < count; i++) y[i] = scale * x[i] * (1 + NAME(error_function)(inner * x[i]));
    }
}

INSTAR_INLINE REAL NAME(gelu_slope)(REAL scale, REAL inner, REAL p) {
    REAL u = inner * p;
    return scale * (1 + NAME(error_function)(u) + u * TWO_OVER_SQRT_PI * NAME(exponential)(-u * u));
}

INSTAR_INLINE REAL NAME(gelu_tanh_slope)(REAL scale, REAL inner, REAL cubic, REAL p) {
    REAL t = NAME(hyperbolic_tangent)(inner * (p + cubic * p * p * p));
    return scale * (1 + t + p * (1 - t * t) * inner * (1 + 3 * cubic * p * p));
}

INSTAR_WIDEST static void NAME(gelu_backward)(int32_t is_tanh, REAL scale, REAL inner, REAL cubic,
                                              const REAL *restrict x, const REAL *restrict dy, REAL *restrict dx,
                                              int32_t assigns, long count) {
    if (is_tanh) {
        for (long i = 0; i < count; i++)
            dx[i] = (assigns ? 0 : dx[i]) + dy[i] * NAME(gelu_tanh_slope)(scale, inner, cubic, x[i]);
    } else {
        for (long i = 0; i < count; i++)
            dx[i] = (assigns ? 0 : dx[i]) + dy[i] * NAME(gelu_slope)(scale, inner, x[i]);
    }
}
#undef TWO_OVER_SQRT_PI
