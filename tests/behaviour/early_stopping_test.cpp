// What examples/early_stopping.cpp is made of: the gradients by which its network learns, and the rule by which it
// stops.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>

#include <gtest/gtest.h>

#include "contrastive.hpp"
#include "patience.hpp"

namespace {

using contrastive::Matrix;

Matrix random_matrix(std::size_t rows, std::size_t cols, std::uint64_t seed) {
  examples::Random random(seed);
  Matrix result(rows, cols);
  for (float& value : result.values) value = static_cast<float>(random.normal());
  return result;
}

// Central differences of `loss` by each entry of `at`; `tolerance` is what their own truncation and rounding leave.
template <class Loss>
void expect_gradient(const Matrix& gradient, Matrix at, double step, double tolerance, const Loss& loss) {
  ASSERT_EQ(gradient.values.size(), at.values.size());
  double largest = 0;
  for (std::size_t i = 0; i < at.values.size(); ++i) {
    const float kept = at.values[i];
    at.values[i] = kept + static_cast<float>(step);
    const double above = static_cast<double>(at.values[i]), loss_above = loss(at);
    at.values[i] = kept - static_cast<float>(step);
    const double below = static_cast<double>(at.values[i]), loss_below = loss(at);
    at.values[i] = kept;
    const double expected = (loss_above - loss_below) / (above - below);
    EXPECT_NEAR(static_cast<double>(gradient.values[i]), expected, tolerance) << "entry " << i;
    largest = std::max(largest, std::abs(expected));
  }
  // Otherwise a gradient of zeros would pass.
  EXPECT_GT(largest, 10 * tolerance);
}

TEST(EarlyStoppingTest, ContrastiveGradientIsTheDerivativeOfTheLoss) {
  // At temperature T the loss's third derivative is of size 1 / T^3, and similarities in f32 are rounded.
  constexpr double step = 3e-3, temperature = 0.2, rounding = 0x1p-24;
  constexpr double tolerance =
      step * step / (6 * temperature * temperature * temperature) + 16 * rounding / (temperature * step);
  const Matrix head = random_matrix(8, 5, 1);
  Matrix gradient;
  contrastive::nt_xent(head, gradient);
  expect_gradient(gradient, head, step, tolerance, [](const Matrix& at) {
    Matrix unused;
    return contrastive::nt_xent(at, unused);
  });
}

TEST(EarlyStoppingTest, LayerGradientIsTheDerivativeOfItsOutputs) {
  // Piecewise linear, so a step that crosses no kink has no truncation error; 12 products of size 1 are rounded.
  constexpr double step = 1e-3, tolerance = 16 * 12 * 0x1p-24 / step;
  examples::Random random(2);
  contrastive::Layer layer(4, 3, true, random);
  const Matrix inputs = random_matrix(6, 4, 3), weights = random_matrix(6, 3, 4);
  const auto loss = [&](const Matrix& at) {
    const Matrix outputs = layer.forward(at);
    return std::inner_product(outputs.values.begin(), outputs.values.end(), weights.values.begin(), 0.0);
  };
  const Matrix gradient = contrastive::Layer(layer).learn(inputs, layer.forward(inputs), weights, 0);
  expect_gradient(gradient, inputs, step, tolerance, loss);
}

TEST(EarlyStoppingTest, TrainingLowersTheLoss) {
  // Pictures of one bright pixel each: no two are alike.
  Matrix pictures(512, 64);
  examples::Random random(5);
  for (std::size_t i = 0; i < pictures.rows; ++i)
    for (std::size_t j = 0; j < pictures.cols; ++j)
      pictures.row(i)[j] = j == i % 64 ? 1.0F : static_cast<float>(0.2 * random.uniform());
  contrastive::Network network(8, 16, random);
  const double first = network.train_epoch(pictures, random);
  double last = first;
  for (int epoch = 0; epoch < 4; ++epoch) last = network.train_epoch(pictures, random);
  EXPECT_LT(last, first);
  EXPECT_EQ(network.features(pictures).cols, 16U);
}

TEST(EarlyStoppingTest, StopsAfterPatienceEpochsWithoutARise) {
  examples::Patience patience(2);
  EXPECT_TRUE(patience.add(0, 0.1, 0));
  EXPECT_TRUE(patience.add(1, 0.2, 0));
  EXPECT_FALSE(patience.add(2, 0.2, 0));  // equal is no rise
  EXPECT_FALSE(patience.stops());
  EXPECT_TRUE(patience.add(3, 0.3, 0));
  EXPECT_FALSE(patience.add(4, 0.3 + 1e-6, 1e-5));  // a rise within the error bound is none
  EXPECT_FALSE(patience.add(5, std::numeric_limits<double>::quiet_NaN(), 0));
  EXPECT_TRUE(patience.stops());
  EXPECT_EQ(patience.best(), 3);
}

}  // namespace
