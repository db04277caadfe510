// Counter-based random numbers and the fused updates of the samplers.
//
// Normals come in chunks of 16 Philox blocks, so that one block is one vector lane. Word w of block b is normal
// 16*w + b of its chunk in float, and words (2w, 2w+1) of block b are normal 16*w + b in double.
#include "CKernels.h"
#include <math.h>
#include <string.h>

enum { LANES = 16 };

#define INLINE static inline __attribute__((always_inline))

INLINE uint32_t bits_f32(float x) { uint32_t b; memcpy(&b, &x, sizeof b); return b; }
INLINE float float_from(uint32_t b) { float x; memcpy(&x, &b, sizeof x); return x; }
INLINE uint64_t bits_f64(double x) { uint64_t b; memcpy(&b, &x, sizeof b); return b; }
INLINE double double_from(uint64_t b) { double x; memcpy(&x, &b, sizeof x); return x; }

INLINE void philox(uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3, uint32_t k0, uint32_t k1, uint32_t words[4]) {
#pragma clang loop unroll(full)
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)c0 * 0xD2511F53u;
        uint64_t p1 = (uint64_t)c2 * 0xCD9E8D57u;
        uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        uint32_t n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c0 = n0;
        c1 = (uint32_t)p1;
        c2 = n2;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    words[0] = c0;
    words[1] = c1;
    words[2] = c2;
    words[3] = c3;
}

void instar_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t words[4]) {
    philox(counter[0], counter[1], counter[2], counter[3], key[0], key[1], words);
}

// Box-Muller: radius from a, angle from b. Logarithm, sine and cosine are the polynomials of Cephes (logf, sinf, cosf).
INLINE void box_muller_f32(uint32_t a, uint32_t b, float *x, float *y) {
    float u = ((float)(int32_t)(a >> 1) + 0.5f) * 0x1p-31f;
    int32_t exponent = (int32_t)(bits_f32(u) - 0x3f3504f3u) >> 23;
    float f = float_from(bits_f32(u) - ((uint32_t)exponent << 23)) - 1.0f;
    float z = f * f;
    float p = 7.0376836292e-2f;
    p = p * f - 1.1514610310e-1f;
    p = p * f + 1.1676998740e-1f;
    p = p * f - 1.2420140846e-1f;
    p = p * f + 1.4249322787e-1f;
    p = p * f - 1.6668057665e-1f;
    p = p * f + 2.0000714765e-1f;
    p = p * f - 2.4999993993e-1f;
    p = p * f + 3.3333331174e-1f;
    float k = (float)exponent;
    float logarithm = f + (p * f * z - 0.5f * z + k * -2.12194440e-4f) + k * 0.693359375f;
    float radius = __builtin_elementwise_sqrt(-2.0f * logarithm);

    uint32_t quadrant = (b + 0x20000000u) >> 30;
    float t = (float)(int32_t)(b - (quadrant << 30)) * 1.46291807926715968e-9f;  // 2 pi / 2^32
    float q = t * t;
    float sine = t + t * q * (-1.6666654611e-1f + q * (8.3321608736e-3f - q * 1.9515295891e-4f));
    float cosine =
        1.0f - 0.5f * q + q * q * (4.166664568298827e-2f + q * (-1.388731625493765e-3f + q * 2.443315711809948e-5f));
    uint32_t odd = quadrant & 1;
    *x = radius * float_from(bits_f32(odd ? sine : cosine) ^ (((quadrant + 1) & 2) << 30));
    *y = radius * float_from(bits_f32(odd ? cosine : sine) ^ ((quadrant & 2) << 30));
}

// The same in double, with the polynomials of fdlibm (e_log.c, k_sin.c, k_cos.c). Integers become doubles by
// adding them to the bits of 1.5 * 2^52, because a conversion of 64 bits is not a vector instruction everywhere.
INLINE void box_muller_f64(uint64_t a, uint64_t b, double *x, double *y) {
    const uint64_t one = 0x3ff0000000000000u;
    const uint64_t magic_bits = 0x4338000000000000u;
    const double magic = 0x1.8p52;
    uint64_t u = bits_f64(2.0 - double_from((a >> 12) | one));
    uint64_t exponent = ((u + (one - 0x3fe6a09e667f3bcdu)) >> 52) - 1023;
    double f = double_from(u - (exponent << 52)) - 1.0;
    double k = double_from(magic_bits + exponent) - magic;
    double s = f / (2.0 + f);
    double z = s * s;
    double p = 1.479819860511658591e-01;
    p = p * z + 1.531383769920937332e-01;
    p = p * z + 1.818357216161805012e-01;
    p = p * z + 2.222219843214978396e-01;
    p = p * z + 2.857142874366239149e-01;
    p = p * z + 3.999999999940941908e-01;
    p = p * z + 6.666666666666735130e-01;
    double half = 0.5 * f * f;
    double logarithm =
        k * 6.93147180369123816490e-01 - ((half - (s * (half + p * z) + k * 1.90821492927058770002e-10)) - f);
    double radius = __builtin_elementwise_sqrt(-2.0 * logarithm);

    double turn = 4.0 * (double_from((b >> 12) | one) - 1.5);
    double shifted = turn + magic;
    uint64_t quadrant = bits_f64(shifted);
    double t = (turn - (shifted - magic)) * 1.57079632679489661923;
    double q = t * t;
    double sine = 1.58969099521155010221e-10;
    sine = sine * q - 2.50507602534068634195e-08;
    sine = sine * q + 2.75573137070700676789e-06;
    sine = sine * q - 1.98412698298579493134e-04;
    sine = sine * q + 8.33333333332248946124e-03;
    sine = sine * q - 1.66666666666666324348e-01;
    sine = t + t * q * sine;
    double cosine = -1.13596475577881948265e-11;
    cosine = cosine * q + 2.08757232129817482790e-09;
    cosine = cosine * q - 2.75573143513906633035e-07;
    cosine = cosine * q + 2.48015872894767294178e-05;
    cosine = cosine * q - 1.38888888888741095749e-03;
    cosine = cosine * q + 4.16666666666666019037e-02;
    cosine = 1.0 - (0.5 * q - q * q * cosine);
    uint64_t odd = quadrant & 1;
    *x = radius * double_from(bits_f64(odd ? sine : cosine) ^ (((quadrant + 1) & 2) << 62));
    *y = radius * double_from(bits_f64(odd ? cosine : sine) ^ ((quadrant & 2) << 62));
}

enum { CHUNK_F32 = 4 * LANES, CHUNK_F64 = 2 * LANES };

INLINE void chunk_f32(instar_stream stream, uint32_t row, size_t chunk, float normals[CHUNK_F32]) {
    uint32_t block = (uint32_t)chunk * LANES;
#pragma clang loop vectorize(enable)
    for (uint32_t lane = 0; lane < LANES; lane++) {
        uint32_t words[4];
        philox(block + lane, row, stream.upper0, stream.upper1, stream.key0, stream.key1, words);
        box_muller_f32(words[0], words[1], &normals[lane], &normals[LANES + lane]);
        box_muller_f32(words[2], words[3], &normals[2 * LANES + lane], &normals[3 * LANES + lane]);
    }
}

INLINE void chunk_f64(instar_stream stream, uint32_t row, size_t chunk, double normals[CHUNK_F64]) {
    uint32_t block = (uint32_t)chunk * LANES;
#pragma clang loop vectorize(enable)
    for (uint32_t lane = 0; lane < LANES; lane++) {
        uint32_t words[4];
        philox(block + lane, row, stream.upper0, stream.upper1, stream.key0, stream.key1, words);
        uint64_t radius = ((uint64_t)words[1] << 32) | words[0];
        uint64_t angle = ((uint64_t)words[3] << 32) | words[2];
        box_muller_f64(radius, angle, &normals[lane], &normals[LANES + lane]);
    }
}

// Sums are kept in eight lanes of doubles, whatever the vector width, so that their order is fixed.
enum { SUM_LANES = 8 };
typedef double sum_lanes __attribute__((vector_size(SUM_LANES * sizeof(double))));

INLINE double total(const sum_lanes *lanes) {
    double sum = 0;
    for (int lane = 0; lane < SUM_LANES; lane++) sum += (*lanes)[lane];
    return sum;
}

#define NAME_(stem, suffix) stem##_##suffix
#define NAME__(stem, suffix) NAME_(stem, suffix)
#define NAME(stem) NAME__(stem, SUFFIX)

#define SCALAR float
#define SUFFIX f32
#define CHUNK CHUNK_F32
#include "random_kernels.h"
#undef SCALAR
#undef SUFFIX
#undef CHUNK

#define SCALAR double
#define SUFFIX f64
#define CHUNK CHUNK_F64
#include "random_kernels.h"
