// exp, erf and tanh as the kernels evaluate them: in double by the C library, the reference; in float by polynomials
// without branches or calls, so that loops over them use vectors. Errors in float are below 2 units in the last place,
// with or without fused products, subnormal results of exp included. NaN gives NaN.
#ifndef CKERNELS_TRANSCENDENTAL_H
#define CKERNELS_TRANSCENDENTAL_H
#include <math.h>
#include <stdint.h>
#include <string.h>

#define INSTAR_INLINE static inline __attribute__((always_inline))

INSTAR_INLINE double exponential_double(double x) { return exp(x); }
INSTAR_INLINE double error_function_double(double x) { return erf(x); }
INSTAR_INLINE double hyperbolic_tangent_double(double x) { return tanh(x); }

// 2ᵏ for −126 ≤ k ≤ 127.
INSTAR_INLINE float power_of_two(int32_t k) {
    uint32_t bits = (uint32_t)(k + 127) << 23;
    float result;
    memcpy(&result, &bits, sizeof result);
    return result;
}

// exp(x) = 2ᵏ·exp(r) with k = round(x/log 2), |r| ≤ ½ log 2. The polynomial and the split of log 2 are those of expf in
// S. L. Moshier's Cephes library.
INSTAR_INLINE float exponential_float(float x) {
    // Below −104 the result is 0, which is not computed: underflow is slow, and masked attention is full of it.
    int vanishes = x < -104;
    x = vanishes ? 0 : x > 89 ? 89 : x;
    // Adding 1.5·2²³ rounds to an integer, which then stands in the lowest bits.
    const float shift = 0x1.8p23f;
    float shifted = x * 1.44269504f + shift, rounded = shifted - shift;
    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    int32_t k = (int32_t)(bits - 0x4b400000u);
    float r = x - rounded * 0.693359375f - rounded * -2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r + 1;
    // In two steps, because 2ᵏ alone may be no normal number.
    return vanishes ? 0 : p * power_of_two(k >> 1) * power_of_two(k - (k >> 1));
}

// Around 0 an odd polynomial; further out 1 − exp(−t − t·q(t)) with t = |x|. Both are minimax fits, to erf(x)/x − 1 in
// x² and to −log(erfc t)/t − 1 in t, weighted so that the relative error of erf is least.
INSTAR_INLINE float error_function_float(float x) {
    float t = x < 0 ? -x : x, s = x * x;
    float near = -5.9641246e-4f;
    near = near * s + 4.9879802e-3f;
    near = near * s - 2.67631095e-2f;
    near = near * s + 1.12817205e-1f;
    near = near * s - 3.76124859e-1f;
    near = near * s + 1.28379151e-1f;
    near = near * x + x;
    float far = 1.1527032e-5f;
    far = far * t - 3.2576648e-4f;
    far = far * t + 3.65451677e-3f;
    far = far * t - 2.37875916e-2f;
    far = far * t + 1.06266551e-1f;
    far = far * t + 6.35133326e-1f;
    far = far * t + 1.28652915e-1f;
    far = 1 - exponential_float(-(far * t) - t);
    return t > 0.927734375f ? (x < 0 ? -far : far) : near;
}

// Around 0 an odd polynomial, that of tanhf in the Cephes library; further out 1 − 2/(exp(2|x|) + 1).
INSTAR_INLINE float hyperbolic_tangent_float(float x) {
    float t = x < 0 ? -x : x, s = x * x;
    float near = -5.70498872745e-3f;
    near = near * s + 2.06390887954e-2f;
    near = near * s - 5.37397155531e-2f;
    near = near * s + 1.33314422036e-1f;
    near = near * s - 3.33332819422e-1f;
    near = near * s * x + x;
    float far = 1 - 2 / (exponential_float(2 * t) + 1);
    return t > 0.625f ? (x < 0 ? -far : far) : near;
}

#endif
