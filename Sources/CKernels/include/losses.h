// Losses of examples and their gradients in one pass. Sums over an example are taken in double.
//
// `gradient`, where it is not NULL, receives `scale` times the derivative of each example's loss with respect to
// `outputs`: with scale = 1/batch, the gradient of the mean loss.
#ifndef CKERNELS_LOSSES_H
#define CKERNELS_LOSSES_H
#include <stdint.h>

// Mean over an example's positions of −log softmax(outputs)[target]; positions whose target is `ignored` are left out,
// and an example without any other has loss 0. Outputs `[example, position, class]`, targets `[example, position]`.
void instar_cross_entropy(int32_t type, long examples, long positions, long classes, const void *outputs,
                          const int64_t *targets, int64_t ignored, double scale, double *losses, void *gradient);

// weight · Σ (output − target)² over an example's outputs. Both `[example, output]`.
void instar_squared_error(int32_t type, long examples, long outputsPerExample, const void *outputs,
                          const void *targets, double weight, double scale, double *losses, void *gradient);

// Mean over an example's outputs of −t·log σ(z) − (1 − t)·log(1 − σ(z)). Both `[example, output]`.
void instar_binary_cross_entropy(int32_t type, long examples, long outputsPerExample, const void *outputs,
                                 const void *targets, double scale, double *losses, void *gradient);

#endif
