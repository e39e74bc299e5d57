#include "contrastive.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace contrastive {
namespace {

constexpr std::size_t hidden_units = 256, head_units = 64;
constexpr double temperature = 0.2, learning_rate = 3e-3;

Matrix transposed(const Matrix& a) {
  Matrix result(a.cols, a.rows);
  for (std::size_t i = 0; i < a.rows; ++i)
    for (std::size_t j = 0; j < a.cols; ++j) result.row(j)[i] = a.row(i)[j];
  return result;
}

// The innermost loop runs along rows of b and of the result, so compilers vectorise it.
Matrix product(const Matrix& a, const Matrix& b) {
  Matrix result(a.rows, b.cols);
  for (std::size_t i = 0; i < a.rows; ++i)
    for (std::size_t k = 0; k < a.cols; ++k) {
      const float factor = a.row(i)[k];
      if (factor == 0) continue;  // rectified units are zero half of the time
      const float* const from = b.row(k);
      float* const to = result.row(i);
      for (std::size_t j = 0; j < b.cols; ++j) to[j] += factor * from[j];
    }
  return result;
}

// Value at a place between pixels; zero outside.
float bilinear(const float* picture, std::size_t side, double x, double y) {
  const double left = std::floor(x), top = std::floor(y);
  double value = 0;
  for (const double dy : {0.0, 1.0})
    for (const double dx : {0.0, 1.0}) {
      const double column = left + dx, line = top + dy;
      if (column < 0 || line < 0 || column >= static_cast<double>(side) || line >= static_cast<double>(side)) continue;
      const double weight = (1 - std::abs(x - column)) * (1 - std::abs(y - line));
      value += weight *
               static_cast<double>(picture[static_cast<std::size_t>(line) * side + static_cast<std::size_t>(column)]);
    }
  return static_cast<float>(value);
}

// Rows to length 1; the lengths are needed on the way back.
std::vector<float> normalise_rows(Matrix& a) {
  std::vector<float> lengths(a.rows);
  for (std::size_t i = 0; i < a.rows; ++i) {
    const float square = std::inner_product(a.row(i), a.row(i) + a.cols, a.row(i), 0.0F);
    lengths[i] = std::sqrt(square) + 1e-8F;
    for (std::size_t j = 0; j < a.cols; ++j) a.row(i)[j] /= lengths[i];
  }
  return lengths;
}

}  // namespace

void augment(const float* picture, float* view, std::size_t side, Random& random) {
  const double angle = random.uniform(-0.35, 0.35), scale = random.uniform(0.8, 1.2);
  const double shift_x = random.uniform(-1, 1), shift_y = random.uniform(-1, 1);
  const double contrast = random.uniform(0.6, 1.2);
  const double c = std::cos(angle) / scale, s = std::sin(angle) / scale;
  const double middle = (static_cast<double>(side) - 1) / 2;
  const std::size_t hole = side / 4;
  const auto corner = [&] { return static_cast<std::size_t>(random.uniform() * static_cast<double>(side - hole + 1)); };
  const std::size_t hole_x = corner(), hole_y = corner();
  for (std::size_t y = 0; y < side; ++y)
    for (std::size_t x = 0; x < side; ++x) {
      const double dx = static_cast<double>(x) - middle - shift_x, dy = static_cast<double>(y) - middle - shift_y;
      const double value =
          contrast * static_cast<double>(bilinear(picture, side, middle + c * dx - s * dy, middle + s * dx + c * dy));
      const bool gone = x - hole_x < hole && y - hole_y < hole;  // unsigned: also false left of it and above it
      view[y * side + x] = static_cast<float>((gone ? 0 : value) + 0.05 * random.normal());
    }
}

Layer::Layer(std::size_t inputs, std::size_t outputs, bool rectified, Random& random)
    : inputs_(inputs), outputs_(outputs), rectified_(rectified) {
  const double deviation = std::sqrt(2 / static_cast<double>(inputs));
  for (std::size_t i = 0; i < inputs * outputs; ++i)
    weights_.values.push_back(static_cast<float>(deviation * random.normal()));
  biases_.values.assign(outputs, 0);
  for (Parameters* parameters : {&weights_, &biases_}) {
    parameters->mean.assign(parameters->values.size(), 0);
    parameters->square.assign(parameters->values.size(), 0);
  }
}

Matrix Layer::forward(const Matrix& inputs) const {
  Matrix weights(inputs_, outputs_);
  weights.values = weights_.values;
  Matrix outputs = product(inputs, weights);
  for (std::size_t i = 0; i < outputs.rows; ++i)
    for (std::size_t j = 0; j < outputs.cols; ++j) {
      float& value = outputs.row(i)[j];
      value += biases_.values[j];
      if (rectified_) value = std::max(value, 0.0F);
    }
  return outputs;
}

Matrix Layer::learn(const Matrix& inputs, const Matrix& outputs, Matrix gradient, double rate) {
  if (rectified_)
    for (std::size_t i = 0; i < gradient.values.size(); ++i)
      if (outputs.values[i] <= 0) gradient.values[i] = 0;
  Matrix weights(inputs_, outputs_);
  weights.values = weights_.values;
  Matrix by_inputs = product(gradient, transposed(weights));
  std::vector<float> by_biases(outputs_);
  for (std::size_t i = 0; i < gradient.rows; ++i)
    for (std::size_t j = 0; j < outputs_; ++j) by_biases[j] += gradient.row(i)[j];
  ++steps_;
  weights_.step(product(transposed(inputs), gradient).values, rate, steps_);
  biases_.step(by_biases, rate, steps_);
  return by_inputs;
}

void Layer::Parameters::step(const std::vector<float>& gradient, double rate, double steps) {
  constexpr float keep_mean = 0.9F, keep_square = 0.999F, guard = 1e-8F;
  const auto mean_scale = static_cast<float>(1 / (1 - std::pow(keep_mean, steps)));
  const auto square_scale = static_cast<float>(1 / (1 - std::pow(keep_square, steps)));
  for (std::size_t i = 0; i < values.size(); ++i) {
    mean[i] = keep_mean * mean[i] + (1 - keep_mean) * gradient[i];
    square[i] = keep_square * square[i] + (1 - keep_square) * gradient[i] * gradient[i];
    values[i] -= static_cast<float>(rate) * mean_scale * mean[i] / (std::sqrt(square_scale * square[i]) + guard);
  }
}

Network::Network(std::size_t side, std::size_t features, Random& random)
    : side_(side),
      hidden_(side * side, hidden_units, true, random),
      features_(hidden_units, features, true, random),
      head_(features, head_units, false, random) {}

Matrix Network::features(const Matrix& pictures) const { return features_.forward(hidden_.forward(pictures)); }

double Network::train_epoch(const Matrix& pictures, Random& random) {
  std::vector<std::size_t> order(pictures.rows);
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t i = order.size(); i > 1; --i)
    std::swap(order[i - 1], order[static_cast<std::size_t>(random.uniform() * static_cast<double>(i))]);
  double loss = 0;
  std::size_t batches = 0;
  // A short last batch would have fewer others to be told apart from, so it is left to the next epoch's order.
  for (std::size_t first = 0; first + batch_pictures <= order.size(); first += batch_pictures, ++batches) {
    Matrix views(2 * batch_pictures, pictures.cols);
    for (std::size_t i = 0; i < views.rows; ++i)
      augment(pictures.row(order[first + i / 2]), views.row(i), side_, random);
    loss += train_batch(views);
  }
  return loss / static_cast<double>(batches);
}

double nt_xent(const Matrix& head, Matrix& gradient) {
  Matrix unit = head;
  const std::vector<float> lengths = normalise_rows(unit);

  // By the similarity of rows i and j: probability that softmax gives to j, less 1 for the right one.
  Matrix by_similarity = product(unit, transposed(unit));
  double loss = 0;
  const auto rows = static_cast<float>(head.rows);
  for (std::size_t i = 0; i < head.rows; ++i) {
    float* const similarity = by_similarity.row(i);
    const std::size_t partner = i ^ 1U;
    const float of_partner = similarity[partner];
    float sum = 0;
    for (std::size_t j = 0; j < head.rows; ++j) {
      // Similarities are at most 1, so nothing overflows.
      similarity[j] = j == i ? 0 : std::exp((similarity[j] - 1) / static_cast<float>(temperature));
      sum += similarity[j];
    }
    loss += std::log(static_cast<double>(sum)) - (static_cast<double>(of_partner) - 1) / temperature;
    for (std::size_t j = 0; j < head.rows; ++j) similarity[j] /= sum;
    similarity[partner] -= 1;
    for (std::size_t j = 0; j < head.rows; ++j) similarity[j] /= static_cast<float>(temperature) * rows;
  }

  // Each similarity belongs to two rows; then back through the division by the length.
  Matrix symmetric = transposed(by_similarity);
  for (std::size_t i = 0; i < symmetric.values.size(); ++i) symmetric.values[i] += by_similarity.values[i];
  gradient = product(symmetric, unit);
  for (std::size_t i = 0; i < gradient.rows; ++i) {
    float* const by_row = gradient.row(i);
    const float along = std::inner_product(by_row, by_row + gradient.cols, unit.row(i), 0.0F);
    for (std::size_t j = 0; j < gradient.cols; ++j) by_row[j] = (by_row[j] - along * unit.row(i)[j]) / lengths[i];
  }
  return loss / static_cast<double>(head.rows);
}

double Network::train_batch(const Matrix& views) {
  const Matrix hidden = hidden_.forward(views);
  const Matrix features = features_.forward(hidden);
  const Matrix head = head_.forward(features);
  Matrix gradient;
  const double loss = nt_xent(head, gradient);
  gradient = head_.learn(features, head, std::move(gradient), learning_rate);
  gradient = features_.learn(hidden, features, std::move(gradient), learning_rate);
  hidden_.learn(views, hidden, std::move(gradient), learning_rate);
  return loss;
}

}  // namespace contrastive
