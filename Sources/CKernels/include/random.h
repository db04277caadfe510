// Counter-based random numbers and the fused sampler update.
#ifndef CKERNELS_RANDOM_H
#define CKERNELS_RANDOM_H

#include <stddef.h>
#include <stdint.h>

// A table of Philox4x32-10 blocks: counter = (block, row, upper0, upper1), key = (key0, key1).
typedef struct {
    uint32_t key0, key1, upper0, upper1;
} instar_stream;

// One block of four random words. Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", SC '11.
void instar_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t words[4]);

// Writes the standard normals of columns first..<first+count of a row. A column's value does not depend on the split.
void instar_normals_f32(instar_stream stream, uint32_t row, size_t first, size_t count, float *normals);
void instar_normals_f64(instar_stream stream, uint32_t row, size_t first, size_t count, double *normals);

// What a step adds up, at the position before it: delta = position - center, drift g = n_beta*gradient + gamma*delta.
typedef struct {
    double drift_product;     // delta . g
    double squared_drift;     // |g|^2
    double squared_distance;  // |delta|^2
} instar_step_sums;

// position += -(step_size/2)*g + sqrt(step_size)*noise over coordinates first..<first+count; adds to the sums.
// The three vectors are whole; a coordinate's noise is the normal of its index in the row.
void instar_sgld_step_f32(
    instar_stream stream, uint32_t row, size_t first, size_t count, float *position, const float *gradient,
    const float *center, double n_beta, double localization, double step_size, instar_step_sums *sums);
void instar_sgld_step_f64(
    instar_stream stream, uint32_t row, size_t first, size_t count, double *position, const double *gradient,
    const double *center, double n_beta, double localization, double step_size, instar_step_sums *sums);

#endif
