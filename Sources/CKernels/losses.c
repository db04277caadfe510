#include "CKernels.h"
#include "transcendental.h"
#include <math.h>

// A sum in an order that the compiler may choose, so that it can use vectors.
#define REASSOCIATE _Pragma("clang fp reassociate(on)")
// The arrays of the loop that follows are the same or apart: element i depends on element i alone. (In double the loops call
// the C library, and cannot be vectorised.)
#define SAME_PLACE _Pragma("clang loop vectorize(assume_safety)")

#define REAL float
#define NAME(name) name##_float
#define MATH(function) function##f
#include "losses_template.h"
#undef REAL
#undef NAME
#undef MATH

#undef SAME_PLACE
#define SAME_PLACE
#define REAL double
#define NAME(name) name##_double
#define MATH(function) function
#include "losses_template.h"
#undef REAL
#undef NAME
#undef MATH

void instar_cross_entropy(int32_t type, long examples, long positions, long classes, const void *outputs,
                          const int64_t *targets, int64_t ignored, double scale, double *losses, void *gradient) {
    if (type == INSTAR_FLOAT)
        cross_entropy_float(examples, positions, classes, outputs, targets, ignored, scale, losses, gradient);
    else cross_entropy_double(examples, positions, classes, outputs, targets, ignored, scale, losses, gradient);
}

void instar_squared_error(int32_t type, long examples, long outputsPerExample, const void *outputs,
                          const void *targets, double weight, double scale, double *losses, void *gradient) {
    if (type == INSTAR_FLOAT)
        squared_error_float(examples, outputsPerExample, outputs, targets, weight, scale, losses, gradient);
    else squared_error_double(examples, outputsPerExample, outputs, targets, weight, scale, losses, gradient);
}

void instar_binary_cross_entropy(int32_t type, long examples, long outputsPerExample, const void *outputs,
                                 const void *targets, double scale, double *losses, void *gradient) {
    if (type == INSTAR_FLOAT)
        binary_cross_entropy_float(examples, outputsPerExample, outputs, targets, scale, losses, gradient);
    else binary_cross_entropy_double(examples, outputsPerExample, outputs, targets, scale, losses, gradient);
}
