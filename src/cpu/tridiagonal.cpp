#include "cpu/tridiagonal.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

#include <culogme/error.hpp>

#include "cpu/blas.hpp"
#include "cpu/parallel.hpp"
#include "rounding.hpp"

namespace culogme::detail {
namespace {

std::size_t size_of(std::int64_t count) { return static_cast<std::size_t>(count); }

constexpr std::int64_t roots_per_piece = 32;

[[noreturn]] void give_up(std::int64_t n, const std::string& why) {
  throw NumericalError("the tridiagonal eigenproblem of size " + std::to_string(n) + " failed: " + why);
}

}  // namespace

TridiagonalSolver::TridiagonalSolver(AlignedVector<double> diagonal, AlignedVector<double> beside, bool halves,
                                     int threads)
    : n_(static_cast<std::int64_t>(diagonal.size())),
      cut_(halves ? n_ / 2 : n_),
      values_(std::move(diagonal)),
      beside_(std::move(beside)) {
  if (cut_ == n_) {
    const BlasThreads one(1);  // whole solves are the small ones
    solve_half(0, n_, upper_);
  } else {
    // Deflation compares eigenvalues with weights of norm 1: the matrix is brought to that size.
    const int power = largest_exponent();
    scale(-power);
    // T = diag(T1, T2) + |rho| v v' with v = (e_cut, sign(rho) e_cut+1): both neighbours of the cut lose |rho|.
    const double rho = beside_[size_of(cut_ - 1)];
    values_[size_of(cut_ - 1)] -= std::fabs(rho);
    values_[size_of(cut_)] -= std::fabs(rho);
    {
      const BlasThreads one_per_half(1);
      parallel_for(threads, 2, 1, [&](std::int64_t half, std::int64_t) {
        if (half == 0)
          solve_half(0, cut_, upper_);
        else
          solve_half(cut_, n_ - cut_, lower_);
      });
    }
    merge(rho, threads);
    scale(power);
  }
  sort();
}

int TridiagonalSolver::largest_exponent() const {
  double largest = 0;
  for (const double value : values_) largest = std::max(largest, std::fabs(value));
  for (const double value : beside_) largest = std::max(largest, std::fabs(value));
  return largest > 0 ? std::ilogb(largest) : 0;
}

void TridiagonalSolver::scale(int power) {
  for (double& value : values_) value = std::ldexp(value, power);
  for (double& value : beside_) value = std::ldexp(value, power);
}

void TridiagonalSolver::solve_half(std::int64_t begin, std::int64_t size, AlignedVector<double>& vectors) {
  vectors.resize(size_of(size * size));
  if (const int info = stedc(size, values_.data() + begin, beside_.data() + begin, vectors.data()); info != 0)
    give_up(size, "stedc answers " + std::to_string(info));
}

/// Deflates what the rank-one change does not touch and finds the roots of the rest.
void TridiagonalSolver::merge(double rho, int threads) {
  const std::int64_t rest = n_ - cut_;
  std::vector<double> weights(size_of(n_));  // v in the basis of the halves' eigenvectors, of norm 1
  for (std::int64_t i = 0; i < cut_; ++i) weights[size_of(i)] = upper_[size_of(i * cut_ + cut_ - 1)] / std::sqrt(2.0);
  for (std::int64_t i = 0; i < rest; ++i)
    weights[size_of(cut_ + i)] = std::copysign(1.0, rho) * lower_[size_of(i * rest)] / std::sqrt(2.0);
  const double strength = 2 * std::fabs(rho);
  std::vector<std::int64_t> sorted(size_of(n_));
  std::iota(sorted.begin(), sorted.end(), 0);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [&](std::int64_t a, std::int64_t b) { return values_[size_of(a)] < values_[size_of(b)]; });
  double largest = 0;
  for (std::int64_t i = 0; i < n_; ++i)
    largest = std::max({largest, std::fabs(values_[size_of(i)]), std::fabs(weights[size_of(i)])});
  const double small = 16 * u64 * largest;

  std::vector<double> poles, kept_weights;
  const auto keep = [&](std::int64_t row) {
    coupled_.push_back(row);
    poles.push_back(values_[size_of(row)]);
    kept_weights.push_back(weights[size_of(row)]);
  };
  std::int64_t pending = -1;
  for (const std::int64_t row : sorted) {
    if (strength * std::fabs(weights[size_of(row)]) <= small) continue;
    if (pending >= 0) {
      double &a = values_[size_of(pending)], &b = values_[size_of(row)];
      const double together = std::hypot(weights[size_of(row)], weights[size_of(pending)]);
      const double cosine = weights[size_of(row)] / together, sine = -weights[size_of(pending)] / together;
      if (std::fabs((b - a) * cosine * sine) <= small) {
        // Nearly equal eigenvalues: a rotation moves the whole weight to one of the two.
        weights[size_of(row)] = together;
        weights[size_of(pending)] = 0;
        rotations_.push_back({pending, row, cosine, sine});
        const double first = a * cosine * cosine + b * sine * sine;
        b = a * sine * sine + b * cosine * cosine;
        a = first;
      } else {
        keep(pending);
      }
    }
    pending = row;
  }
  if (pending >= 0) keep(pending);
  find_roots(strength, std::move(poles), std::move(kept_weights), threads);
}

/// Roots of 1 + rho sum w_i^2 / (d_i - x) and the orthogonal matrix of their eigenvectors, from weights recomputed so
/// that the roots are exact for them.
void TridiagonalSolver::find_roots(double rho, std::vector<double> poles, std::vector<double> weights, int threads) {
  const auto k = static_cast<std::int64_t>(poles.size());
  mixing_.resize(size_of(k * k));
  std::vector<double> roots(size_of(k));
  parallel_for(threads, k, roots_per_piece, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t j = begin; j < end; ++j)
      if (const int info = laed4(k, j, poles.data(), weights.data(), mixing_.data() + j * k, rho, &roots[size_of(j)]);
          info != 0)
        give_up(n_, "laed4 answers " + std::to_string(info));
  });
  for (std::int64_t j = 0; j < k; ++j) values_[size_of(coupled_[size_of(j)])] = roots[size_of(j)];
  if (k <= 2) return;  // laed4 gives the eigenvectors themselves then

  // Column j holds poles - root j. Pieces of rows, so that each product runs in one order whatever the threads.
  std::vector<double> exact(size_of(k));
  parallel_for(threads, k, roots_per_piece, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) exact[size_of(i)] = mixing_[size_of(i * k + i)];
    for (std::int64_t j = 0; j < k; ++j)
      for (std::int64_t i = begin; i < end; ++i)
        if (i != j) exact[size_of(i)] *= mixing_[size_of(j * k + i)] / (poles[size_of(i)] - poles[size_of(j)]);
    for (std::int64_t i = begin; i < end; ++i)
      exact[size_of(i)] = std::copysign(std::sqrt(std::fabs(exact[size_of(i)])), weights[size_of(i)]);
  });
  parallel_for(threads, k, roots_per_piece, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t j = begin; j < end; ++j) {
      double* const column = mixing_.data() + j * k;
      double square = 0;
      for (std::int64_t i = 0; i < k; ++i) {
        column[i] = exact[size_of(i)] / column[i];
        square += column[i] * column[i];
      }
      const double norm = std::sqrt(square);
      for (std::int64_t i = 0; i < k; ++i) column[i] /= norm;
    }
  });
}

void TridiagonalSolver::sort() {
  order_.resize(size_of(n_));
  std::iota(order_.begin(), order_.end(), 0);
  std::stable_sort(order_.begin(), order_.end(),
                   [&](std::int64_t a, std::int64_t b) { return values_[size_of(a)] < values_[size_of(b)]; });
  for (const std::int64_t row : order_) eigenvalues_.push_back(values_[size_of(row)]);
}

AlignedVector<double> TridiagonalSolver::project(AlignedVector<double>& columns, std::int64_t count) const {
  AlignedVector<double> halves(size_of(count * n_));
  gemm(true, false, cut_, count, cut_, upper_.data(), cut_, columns.data(), n_, 0, halves.data(), n_);
  if (const std::int64_t rest = n_ - cut_; rest > 0)
    gemm(true, false, rest, count, rest, lower_.data(), rest, columns.data() + cut_, n_, 0, halves.data() + cut_, n_);
  for (const Rotation& r : rotations_)
    for (std::int64_t c = 0; c < count; ++c) {
      double &a = halves[size_of(c * n_ + r.first)], &b = halves[size_of(c * n_ + r.second)];
      const double first = r.cosine * a + r.sine * b;
      b = r.cosine * b - r.sine * a;
      a = first;
    }
  const auto k = static_cast<std::int64_t>(coupled_.size());
  if (k > 0) {
    AlignedVector<double> gathered(size_of(count * k)), mixed(size_of(count * k));
    for (std::int64_t c = 0; c < count; ++c)
      for (std::int64_t i = 0; i < k; ++i)
        gathered[size_of(c * k + i)] = halves[size_of(c * n_ + coupled_[size_of(i)])];
    gemm(true, false, k, count, k, mixing_.data(), k, gathered.data(), k, 0, mixed.data(), k);
    for (std::int64_t c = 0; c < count; ++c)
      for (std::int64_t i = 0; i < k; ++i) halves[size_of(c * n_ + coupled_[size_of(i)])] = mixed[size_of(c * k + i)];
  }
  for (std::int64_t c = 0; c < count; ++c)
    for (std::int64_t i = 0; i < n_; ++i) columns[size_of(c * n_ + i)] = halves[size_of(c * n_ + order_[size_of(i)])];
  return std::move(columns);
}

AlignedVector<double> TridiagonalSolver::back(const AlignedVector<double>& x) const {
  AlignedVector<double> halves(size_of(n_)), result(size_of(n_));
  for (std::int64_t i = 0; i < n_; ++i) halves[size_of(order_[size_of(i)])] = x[size_of(i)];
  const auto k = static_cast<std::int64_t>(coupled_.size());
  if (k > 0) {
    AlignedVector<double> gathered(size_of(k)), mixed(size_of(k));
    for (std::int64_t i = 0; i < k; ++i) gathered[size_of(i)] = halves[size_of(coupled_[size_of(i)])];
    gemm(false, false, k, 1, k, mixing_.data(), k, gathered.data(), k, 0, mixed.data(), k);
    for (std::int64_t i = 0; i < k; ++i) halves[size_of(coupled_[size_of(i)])] = mixed[size_of(i)];
  }
  for (auto r = rotations_.rbegin(); r != rotations_.rend(); ++r) {
    double &a = halves[size_of(r->first)], &b = halves[size_of(r->second)];
    const double first = r->cosine * a - r->sine * b;
    b = r->cosine * b + r->sine * a;
    a = first;
  }
  gemm(false, false, cut_, 1, cut_, upper_.data(), cut_, halves.data(), n_, 0, result.data(), n_);
  if (const std::int64_t rest = n_ - cut_; rest > 0)
    gemm(false, false, rest, 1, rest, lower_.data(), rest, halves.data() + cut_, n_, 0, result.data() + cut_, n_);
  return result;
}

}  // namespace culogme::detail
