#include "CKernels.h"
#include "transcendental.h"
#include <math.h>

#define TEMPLATE "function_operations_template.h"
#include "for_each_type.h"

void instar_apply(int32_t type, instar_function function, const void *x, void *y, long count) {
    DISPATCH(apply, function, x, y, count);
}

void instar_apply_backward(int32_t type, instar_function function, const void *x, const void *dy, void *dx,
                           long count) {
    DISPATCH(apply_backward, function, x, dy, dx, count);
}

void instar_outer_slope(int32_t type, int32_t code, const void *y, const void *dy, void *slopes, long count) {
    DISPATCH(outer_slope, code, y, dy, slopes, count);
}

void instar_prelu(int32_t type, const void *x, const void *slope, void *y, long count) {
    DISPATCH(prelu, x, slope, y, count);
}

void instar_prelu_backward(int32_t type, const void *x, const void *slope, const void *dy, void *dx, void *dslope,
                           long count) {
    DISPATCH(prelu_backward, x, slope, dy, dx, dslope, count);
}
