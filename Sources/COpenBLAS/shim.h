// CBLAS, and the LAPACK routines Instar uses. Debian's OpenBLAS exports LAPACK under its
// Fortran names but ships no header for them, so the prototypes stand here.
#ifndef COPENBLAS_SHIM_H
#define COPENBLAS_SHIM_H
#include <cblas.h>

// Eigenvalues and eigenvectors of a symmetric matrix, divide and conquer.
void dsyevd_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w, double *work,
             const int *lwork, int *iwork, const int *liwork, int *info);
// Cholesky factorisation of a symmetric positive definite matrix.
void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info);
// Inverse from a Cholesky factor.
void dpotri_(const char *uplo, const int *n, double *a, const int *lda, int *info);

#endif
