#include "support/tolerance.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tolerance {

namespace {

// Rows that are multiplied in one piece; sums across pieces are fp64.
constexpr double longest_tile = 8192;

double product_unit(const Norms& norms, Products products) {
  const double n = static_cast<double>(norms.rows), chain = std::min(n, longest_tile) + 4;
  if (products == Products::f64) return (n + 2) * unit_f64;
  return (products == Products::f32 ? chain : 8 * std::sqrt(chain)) * unit_f32 + (n + 2) * unit_f64;
}

}  // namespace

Norms norms_of(const support::Data& features) {
  Norms norms{features.rows, features.cols, 0, 0};
  for (std::int64_t j = 0; j < features.cols; ++j) {
    long double sum = 0, spread = 0;
    for (std::int64_t i = 0; i < features.rows; ++i) sum += features(i, j);
    const long double mean = sum / static_cast<long double>(features.rows);
    for (std::int64_t i = 0; i < features.rows; ++i) {
      const long double x = features(i, j);
      spread += (x - mean) * (x - mean);
      norms.total += static_cast<double>(x * x);
    }
    norms.spread += static_cast<double>(spread);
  }
  return norms;
}

double eigenproblem(std::int64_t n) { return 30 * static_cast<double>(n) * unit_f64; }

double prediction(std::int64_t rows, std::int64_t cols) {
  constexpr double condition = 100;
  return condition * unit_f64 * (30 * static_cast<double>(cols) + static_cast<double>(rows) + 2);
}

double qr_column(std::int64_t cols, std::int64_t tiles) {
  return unit_f64 * (4 + std::sqrt(static_cast<double>(cols + tiles)) / 2);
}

double reflectors(std::int64_t n) {
  constexpr double roundings = 4;
  return unit_f64 * roundings * (1 + std::sqrt(static_cast<double>(n)));
}

double split_product(std::int64_t k) {
  constexpr double in_a_tile = 16 + 1, partial_products = 6, left_out = 1, second_order = 1;
  const double tiles = partial_products * std::ceil(static_cast<double>(k) / 32);
  return unit_f32 * (in_a_tile + tiles + left_out + second_order);
}

double gram_error(const Norms& norms, Products products, bool intercept) {
  const double n = static_cast<double>(norms.rows), solver = 30 * static_cast<double>(norms.cols) * unit_f64;
  double error = product_unit(norms, products) * 2 * norms.spread + solver * 2 * norms.spread;
  if (!intercept) {
    const double sums = (n + 2) * unit_f64 * 2 * std::sqrt(norms.total * norms.spread);
    error += sums + (solver + 8 * unit_f64) * norms.total;
  }
  return error;
}

double moment_error(const Norms& norms, Products products, bool intercept) {
  const double n = static_cast<double>(norms.rows);
  double error = product_unit(norms, products) * std::sqrt(2 * norms.spread);
  if (!intercept) error += (n + 8) * unit_f64 * std::sqrt(norms.total);
  return error;
}

double evidence(const Norms& norms, Products products, bool intercept, const oracle::Spectrum& spectrum,
                std::size_t target, const oracle::Maximum& maximum, bool dual) {
  const double n = static_cast<double>(spectrum.rows);
  const double y_squared = static_cast<double>(spectrum.total[target]);
  const double t = static_cast<double>(maximum.t);
  const double data = (static_cast<double>(norms.rows) + 8) * unit_f64 * y_squared;  // of y'y and of r0
  const double level = std::fabs(static_cast<double>(maximum.evidence)) + 2;
  if (maximum.status == oracle::Status::null_limit) return data / (2 * y_squared) + 16 * unit_f64 * level;

  const double gram = gram_error(norms, products, intercept), moment = moment_error(norms, products, intercept);
  const double smallest = static_cast<double>(spectrum.eigenvalues.back());
  const double largest = static_cast<double>(spectrum.eigenvalues.front());
  const double dimensions = dual ? n : static_cast<double>(norms.cols);
  const double missing = dimensions - static_cast<double>(spectrum.rank());
  // The least eigenvalue of G + t; at the interpolation limit directions without features are cut.
  const double damping = t + (missing > 0 && t > 0 ? 0 : smallest);
  if (gram > damping / 10) return std::numeric_limits<double>::infinity();

  double trace = missing / damping;
  double weights = 0, residual = static_cast<double>(spectrum.outside[target]);
  for (std::size_t i = 0; i < spectrum.rank(); ++i) {
    const double s = static_cast<double>(spectrum.eigenvalues[i]);
    const double x2 = static_cast<double>(spectrum.squares[target][i]);
    trace += 1 / (s + t);
    weights += s * x2 / ((s + t) * (s + t));
    residual += t > 0 ? x2 * t / (s + t) : 0;
  }
  if (t == 0) {  // E / t = y' K^-1 y = w'w with w = G^-1 F'y: the dual forms no right-hand side
    double length = 0;
    for (std::size_t i = 0; i < spectrum.rank(); ++i)
      length += static_cast<double>(spectrum.squares[target][i] / spectrum.eigenvalues[i]);
    const double of_moment = dual ? 0 : moment * std::sqrt(y_squared / length) / smallest;
    return gram * (trace / (2 * n) + 1 / smallest) + of_moment + 16 * unit_f64 * (level + std::log(largest / smallest));
  }
  const double gamma = static_cast<double>(maximum.gamma);
  const double logs = std::fabs(std::log(residual / n)) + std::log1p(largest / t) * gamma / n;
  return gram * (trace + gamma / t) / (2 * n) + std::sqrt(weights * y_squared) * moment / residual +
         data / (2 * residual) + 16 * unit_f64 * (level + logs);
}

double ln_t(double bound, std::int64_t rows, const oracle::Maximum& maximum) {
  return std::sqrt(2 * static_cast<double>(rows) * bound / static_cast<double>(maximum.curvature));
}

double reordered(std::int64_t rows, std::int64_t cols, double evidence_scale) {
  return static_cast<double>(rows + 30 * cols) * unit_f64 * (1 + evidence_scale);
}

double leep(std::int64_t rows, std::int64_t classes, std::int64_t source_classes, double value, double spread) {
  const double n = static_cast<double>(rows), c = static_cast<double>(classes), z = static_cast<double>(source_classes);
  const double of_theta = spread > 0 ? z + 8 + 2 * spread : 0;
  return unit_f64 * (2 * n + c + z + 16 + 3 * of_theta + (n + 4) * std::fabs(value));
}

double nce(std::int64_t classes, std::int64_t source_classes, double value) {
  return unit_f64 * (static_cast<double>(classes * source_classes) + 8) * std::fabs(value);
}

}  // namespace tolerance
