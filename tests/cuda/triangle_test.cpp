// The route svd on a device: against the CPU's, from either memory, with small tiles, and what cuSOLVER's QR and
// singular values may answer.

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <culogme/error.hpp>
#include <culogme/score.hpp>

#include "cuda/context.hpp"
#include "cuda/solver_faults.hpp"
#include "cuda/triangle.hpp"
#include "support/backends.hpp"
#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/device.hpp"
#include "support/storage.hpp"

namespace {

using culogme::Precision;
using culogme::Route;
using culogme::Scalar;
using support::Data;
using support::DeviceLabels;
using support::DeviceStored;
using support::message_of;
using support::SolverFault;
using support::SpectrumKind;
using support::Stored;
using support::WithSolverFault;

class CudaTriangle : public support::CudaTest {
 protected:
  void SetUp() override {
    support::CudaTest::SetUp();
    options.precision = Precision::svd;
  }

  /// Both scores are of the same spectrum up to their bounds' round-off: what the bounds allow, and in easy cases
  /// digits.
  static void expect_agreement(const culogme::Score& cuda, const culogme::Score& cpu, double agreement) {
    ASSERT_EQ(cuda.targets.size(), cpu.targets.size());
    EXPECT_EQ(cuda.route, Route::svd);
    EXPECT_EQ(cuda.rank, cpu.rank);
    for (std::size_t k = 0; k < cpu.targets.size(); ++k) {
      SCOPED_TRACE("target " + std::to_string(k));
      const culogme::TargetFit &a = cuda.targets[k], &b = cpu.targets[k];
      EXPECT_STREQ(culogme::status_name(a.status), culogme::status_name(b.status));
      EXPECT_EQ(a.rows, b.rows);
      if (!std::isfinite(b.evidence)) continue;
      EXPECT_NEAR(a.evidence, b.evidence, std::min(agreement, a.error_bound + b.error_bound));
      EXPECT_NEAR(a.null_evidence, b.null_evidence, 1e-12 * (1 + std::fabs(b.null_evidence)));
    }
  }

  culogme::Score respond(culogme::Engine& engine, const Data& features, const Data& responses) const {
    const Stored x(features, Scalar::f64), y(responses, Scalar::f64);
    return culogme::score(engine, x.view(), y.view(), culogme::Task::regression, options);
  }

  culogme::ScoreOptions options;
  culogme::Engine cpu = support::make_engine(culogme::Backend::cpu);
};

TEST_F(CudaTriangle, AgreesWithTheCpuWhereTheGramMatrixFails) {
  culogme::Engine engine = cuda_engine();
  for (const SpectrumKind kind : {SpectrumKind::geometric, SpectrumKind::one_small, SpectrumKind::clusters})
    for (const double condition : {1e2, 1e5, 1e8})
      for (const bool wide : {false, true})
        for (const bool intercept : {false, true}) {
          SCOPED_TRACE(std::string(support::spectrum_kind_name(kind)) + " " + std::to_string(condition) +
                       (wide ? " wide" : "") + (intercept ? " with intercept" : ""));
          options.intercept = intercept ? culogme::Intercept::on : culogme::Intercept::off;
          const Data features = wide ? support::with_spectrum(24, 60, kind, condition, 3)
                                     : support::with_spectrum(300, 20, kind, condition, 3);
          const Data responses = support::linear_responses(features, 3, 0.1, 4);
          expect_agreement(respond(engine, features, responses), respond(cpu, features, responses), 1e-9);
        }
}

TEST_F(CudaTriangle, BothMemoriesAndAnyTileGiveTheSame) {
  const std::int64_t rows = 3000, cols = 40;
  const support::Labels labels = support::balanced_labels(rows, 7, 5);
  Data features = support::rectified(rows, cols, 0.5, 3, 6);
  support::separate_classes(features, labels, 7, 0.5, 7);
  // The last rows, enough for every direction, are very much larger than those that chose the exponent.
  for (std::int64_t i = rows - 60; i < rows; ++i)
    for (std::int64_t j = 0; j < cols; ++j) features(i, j) *= 1e20;
  const DeviceLabels device_labels(labels);
  for (const Scalar scalar : {Scalar::bf16, Scalar::f32, Scalar::f64}) {
    const Stored host(features, scalar, {3, 8});
    const DeviceStored device(host);
    const culogme::Score expected = culogme::score(cpu, host.view(), support::view(labels), 7, options);
    // A limit of one byte leaves the smallest tile.
    for (const std::size_t limit : {std::size_t{0}, std::size_t{1}}) {
      SCOPED_TRACE(std::string(culogme::scalar_name(scalar)) + ", limit " + std::to_string(limit));
      culogme::EngineOptions settings;
      settings.backend = culogme::Backend::cuda;
      settings.workspace_limit = limit;
      culogme::Engine engine(settings);
      const culogme::Score from_host = culogme::score(engine, host.view(), support::view(labels), 7, options);
      expect_agreement(from_host, expected, 1e-9);
      const culogme::Score from_device = culogme::score(engine, device.view(), device_labels.view(), 7, options);
      support::expect_same_bits(from_device, from_host);
      // One of the two in the other memory: rows wait in the stages.
      support::expect_same_bits(culogme::score(engine, device.view(), support::view(labels), 7, options), from_host);
    }
  }
}

TEST_F(CudaTriangle, ZerosBeforeRowsOfAnySize) {
  culogme::Engine engine = cuda_engine();
  for (const double scale : {1e-300, 1e-3, 1.0, 1e300}) {
    SCOPED_TRACE(scale);
    Data features = support::normal(1500, 6, 8);
    for (std::int64_t i = 0; i < 1500; ++i)
      for (std::int64_t j = 0; j < 6; ++j) features(i, j) = i < 1100 ? 0 : features(i, j) * scale;
    const Data responses = support::linear_responses(support::scaled(features, 1 / scale), 2, 0.5, 9);
    options.intercept = culogme::Intercept::off;
    expect_agreement(respond(engine, features, responses),
                     respond(engine, support::scaled(features, 1 / scale), responses), 1e-10);
  }
}

TEST_F(CudaTriangle, TheReferenceProcedureToo) {
  culogme::Engine engine = cuda_engine();
  options.procedure = culogme::Procedure::reference;
  const support::Labels labels = support::balanced_labels(200, 4, 10);
  for (const std::int64_t cols : {12, 260}) {
    Data features = support::rectified(200, cols, 0.5, 3, 11);
    support::separate_classes(features, labels, 4, 1, 12);
    const Stored x(features, Scalar::f32);
    const culogme::Score cuda = culogme::score(engine, x.view(), support::view(labels), 4, options);
    const culogme::Score expected = culogme::score(cpu, x.view(), support::view(labels), 4, options);
    EXPECT_EQ(cuda.route, Route::svd);
    EXPECT_NEAR(cuda.value, expected.value, 1e-9 * std::fabs(expected.value));
  }
}

TEST_F(CudaTriangle, BadValuesOnTheDeviceAreTold) {
  culogme::Engine engine = cuda_engine();
  for (const std::int64_t cols : {5, 80}) {
    Data features = support::normal(60, cols, 13);
    features(33, 4) = std::nan("");
    features(34, 0) = HUGE_VAL;
    const support::Labels labels = support::balanced_labels(60, 3, 14);
    const DeviceStored bad(features, Scalar::f32);
    const DeviceLabels device_labels(labels);
    const auto message = [&](const culogme::MatrixView& x, const culogme::LabelView& y) {
      return message_of<culogme::NumericalError>([&] { culogme::score(engine, x, y, 3, options); });
    };
    const std::string told = message(bad.view(), device_labels.view());
    for (const char* word : {"NaN", "row 33", "column 4"}) CULOGME_EXPECT_HOLDS(told, word);
    support::Labels wrong = labels;
    wrong[25] = 3;
    const DeviceStored good(support::normal(60, cols, 15), Scalar::f32);
    const std::string label = message(good.view(), DeviceLabels(wrong).view());
    for (const char* word : {"3 at", "row 25", "0..2"}) CULOGME_EXPECT_HOLDS(label, word);
    EXPECT_TRUE(std::isfinite(culogme::score(engine, good.view(), device_labels.view(), 3, options).value));
  }
  Data responses = support::normal(60, 2, 16);
  responses(40, 1) = std::nan("");
  const DeviceStored x(support::normal(60, 5, 17), Scalar::f32), y(responses, Scalar::f64);
  const std::string told = message_of<culogme::NumericalError>(
      [&] { culogme::score(engine, x.view(), y.view(), culogme::Task::regression, options); });
  for (const char* word : {"NaN", "row 40", "column 1"}) CULOGME_EXPECT_HOLDS(told, word);
}

class CudaTriangleFaults : public CudaTriangle {
 protected:
  void SetUp() override {
    CudaTriangle::SetUp();
    if (!IsSkipped()) engine.emplace(cuda_engine());
  }
  void expect_right() {
    expect_agreement(respond(*engine, features, responses), respond(cpu, features, responses), 1e-9);
  }
  std::string failed() {
    return message_of<culogme::NumericalError>([&] { respond(*engine, features, responses); });
  }

  std::optional<culogme::Engine> engine;
  // Two tiles, and a small singular value whose vector matters.
  const Data features = support::with_spectrum(1500, 8, SpectrumKind::one_small, 1e6, 3);
  const Data responses = support::linear_responses(features, 2, 0.1, 4);
};

TEST_F(CudaTriangleFaults, WrongVectorsAreFound) {
  for (const SolverFault kind : {SolverFault::wrong_vector, SolverFault::swapped_vectors}) {
    {
      const WithSolverFault fault(kind);
      const std::string message = failed();
      CULOGME_EXPECT_HOLDS(message, "singular values of a matrix of size 8");
      CULOGME_EXPECT_HOLDS(message, "test vector");
    }
    expect_right();
  }
  const WithSolverFault fault(SolverFault::negated_vectors);
  expect_right();
}

TEST_F(CudaTriangleFaults, AnswersOfTheSolverAreSaid) {
  struct Case {
    SolverFault fault;
    const char* words[2];
  };
  for (const Case& c : {Case{SolverFault::info, {"cusolverDnXgesvd", "info 3"}},
                        Case{SolverFault::qr_info, {"cusolverDnXgeqrf", "info -7"}},
                        Case{SolverFault::turn_info, {"cusolverDnDormqr", "info -10"}},
                        Case{SolverFault::refused_query, {"singular values of a matrix of size 8", "invalid value"}}}) {
    {
      const WithSolverFault fault(c.fault);
      const std::string message = failed();
      for (const char* word : c.words) CULOGME_EXPECT_HOLDS(message, word);
    }
    expect_right();
  }
}

TEST_F(CudaTriangleFaults, AWorkspaceThatDoesNotFitNamesBothNumbers) {
  {
    const WithSolverFault fault(SolverFault::large_workspace, std::size_t{1} << 50U);
    const std::string message = message_of<culogme::OutOfMemory>([&] { respond(*engine, features, responses); });
    for (const char* part : {"device memory", "1125899906842624 bytes", "singular values", "free"})
      CULOGME_EXPECT_HOLDS(message, part);
  }
  expect_right();
}

// The triangle must not be begun where its end has no room.
TEST_F(CudaTriangleFaults, ATriangleThatDoesNotFitIsRefusedBefore) {
  const std::int64_t cols = 200000;  // 320 GB; the rows are never read
  const DeviceStored x(support::normal(2, 8, 5), Scalar::f32);
  culogme::MatrixView wide = x.view();
  wide.cols = wide.row_stride = cols;
  wide.rows = cols + 10;
  const DeviceLabels labels(support::balanced_labels(2, 2, 6));
  culogme::LabelView many = labels.view();
  many.size = wide.rows;
  CULOGME_EXPECT_HOLDS(message_of<culogme::OutOfMemory>([&] { culogme::score(*engine, wide, many, 2, options); }),
                       "the triangle of 200000 columns and 2 targets");
  expect_right();
}

// Sizes of ormqr have 32 bits: larger stacks go in pieces of reflectors and targets.
TEST_F(CudaTriangleFaults, PiecesThatOrmqrCanAddressGiveTheSame) {
  const std::int64_t cols = 7, count = 5, rows = 30, stride = cols + rows;
  culogme::detail::CudaContext context(0, nullptr, true);
  const culogme::detail::DeviceScope scope = context.enter();
  const Data tile = support::normal(cols, rows, 1), y = support::normal(count, rows, 2);
  const auto run = [&](std::int64_t most_elements) {
    culogme::detail::DeviceTriangle triangle(context, cols, count, rows, most_elements);
    for (const double scale : {1.0, 0.5}) {
      std::vector<double> values;
      for (const double value : tile.values) values.push_back(scale * value);
      const auto row = static_cast<std::size_t>(rows) * 8, pitch = static_cast<std::size_t>(stride) * 8;
      EXPECT_EQ(cudaMemcpy2D(triangle.stack() + cols, pitch, values.data(), row, row, cols, cudaMemcpyHostToDevice),
                cudaSuccess);
      EXPECT_EQ(
          cudaMemcpy2D(triangle.target_stack() + cols, pitch, y.values.data(), row, row, count, cudaMemcpyHostToDevice),
          cudaSuccess);
      triangle.absorb(rows);
      context.synchronize();
    }
    std::vector<double> turned(static_cast<std::size_t>(count * stride + count));
    EXPECT_EQ(cudaMemcpy(turned.data(), triangle.target_stack(), static_cast<std::size_t>(count * stride) * 8,
                         cudaMemcpyDeviceToHost),
              cudaSuccess);
    EXPECT_EQ(cudaMemcpy(turned.data() + count * stride, triangle.outside(), static_cast<std::size_t>(count) * 8,
                         cudaMemcpyDeviceToHost),
              cudaSuccess);
    return turned;
  };
  const std::vector<double> whole = run(INT32_MAX);
  for (const std::int64_t width : {1, 2, 3}) {
    const std::vector<double> pieces = run(width * stride);
    for (std::size_t i = 0; i < whole.size(); ++i) ASSERT_NEAR(pieces[i], whole[i], 1e-12) << width << ", " << i;
  }
}

}  // namespace
