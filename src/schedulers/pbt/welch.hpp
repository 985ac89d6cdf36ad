/// Welch's test of whether two samples of unequal variance have the same mean. Pure functions.
/// B. L. Welch, "The generalization of Student's problem when several different population variances are
/// involved", Biometrika 34 (1947).
#pragma once

#include <span>

namespace coppice {

/// The probability, under equal means, of a difference at least as large as the one between `a` and `b`, in
/// either direction. 1 where one of them has fewer than two values, or all values are equal.
double welch_p(std::span<const double> a, std::span<const double> b);

/// P(|T| > |t|) for Student's distribution. Precondition: freedom >= 1. The absolute error is below 1e-8.
double student_tails(double t, double freedom);

}  // namespace coppice
