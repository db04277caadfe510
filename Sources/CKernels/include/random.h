// Counter-based random numbers and the fused updates of the samplers.
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
    double squared_drift;     // g^T G g with the step's diagonal preconditioner G, |g|^2 without one
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

// The same with the diagonal preconditioner G = 1/(sqrt(v) + offset): position += -(step_size/2)*G*g +
// sqrt(step_size*G)*noise, after v = decay*v + (1 - decay)*gradient^2 of the squared gradients v.
void instar_rmsprop_step_f32(
    instar_stream stream, uint32_t row, size_t first, size_t count, float *position, const float *gradient,
    const float *center, float *squared_gradients, double n_beta, double localization, double step_size, double decay,
    double offset, instar_step_sums *sums);
void instar_rmsprop_step_f64(
    instar_stream stream, uint32_t row, size_t first, size_t count, double *position, const double *gradient,
    const double *center, double *squared_gradients, double n_beta, double localization, double step_size,
    double decay, double offset, instar_step_sums *sums);

// momentum -= kick*g, then position += drift_time*momentum; adds to the sums and |momentum|^2 to squared_momentum.
void instar_kick_f32(
    size_t first, size_t count, float *position, float *momentum, const float *gradient, const float *center,
    double n_beta, double localization, double kick, double drift_time, instar_step_sums *sums,
    double *squared_momentum);
void instar_kick_f64(
    size_t first, size_t count, double *position, double *momentum, const double *gradient, const double *center,
    double n_beta, double localization, double kick, double drift_time, instar_step_sums *sums,
    double *squared_momentum);

// momentum = decay*momentum + noise_scale*noise, then position += drift_time*momentum; adds |momentum|^2 to
// squared_momentum.
void instar_friction_f32(
    instar_stream stream, uint32_t row, size_t first, size_t count, float *position, float *momentum, double decay,
    double noise_scale, double drift_time, double *squared_momentum);
void instar_friction_f64(
    instar_stream stream, uint32_t row, size_t first, size_t count, double *position, double *momentum, double decay,
    double noise_scale, double drift_time, double *squared_momentum);

#endif
