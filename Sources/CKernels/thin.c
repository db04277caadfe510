#include "CKernels.h"
#include <string.h>

// Vectors never cross a call here: every function that takes or returns one is inlined.
#pragma clang diagnostic ignored "-Wpsabi"

#define INLINE static inline __attribute__((always_inline))
#define LANES INSTAR_THIN_COLUMNS

#define REAL float
#define MASK int32_t
#define NAME(name) name##_float
#include "thin_template.h"
#undef NAME
#undef MASK
#undef REAL

#define REAL double
#define MASK int64_t
#define NAME(name) name##_double
#include "thin_template.h"

#define CALL(name)                                                                                   \
    name(m, n, k, alpha, a, a_row_stride, a_column_stride, b, b_row_stride, b_column_stride, beta, c, ldc)

void instar_thin_product(int32_t type, long m, long n, long k, double alpha, const void *a, long a_row_stride,
                         long a_column_stride, const void *b, long b_row_stride, long b_column_stride, double beta,
                         void *c, long ldc) {
    if (type == INSTAR_FLOAT) {
        CALL(thin_product_float);
    } else {
        CALL(thin_product_double);
    }
}
