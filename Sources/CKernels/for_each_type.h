// Includes TEMPLATE once per floating-point type, with REAL, NAME and MATH defined, and defines DISPATCH, which calls
// the variant of a kernel for `type`.

// A sum in an order that the compiler may choose, so that it can use vectors.
#define REASSOCIATE _Pragma("clang fp reassociate(on)")

#define REAL float
#define NAME(name) name##_float
#define MATH(function) function##f
#include TEMPLATE
#undef REAL
#undef NAME
#undef MATH

#define REAL double
#define NAME(name) name##_double
#define MATH(function) function
#include TEMPLATE
#undef REAL
#undef NAME
#undef MATH

#define DISPATCH(name, ...)                                                                          \
    if (type == INSTAR_FLOAT) name##_float(__VA_ARGS__);                                             \
    else name##_double(__VA_ARGS__)
