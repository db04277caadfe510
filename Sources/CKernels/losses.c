#include "CKernels.h"
#include "transcendental.h"
#include <math.h>

#define REAL float
#define NAME(name) name##_float
#define MATH(function) function##f
#include "losses_template.h"
#undef REAL
#undef NAME
#undef MATH

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
