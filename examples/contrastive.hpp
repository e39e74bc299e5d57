#pragma once

#include <cstddef>
#include <vector>

#include "random.hpp"

// A small self-supervised network in plain C++: just enough of one to watch LogME while it learns.
namespace contrastive {

using examples::Random;

/// Pictures of a batch.
inline constexpr std::size_t batch_pictures = 128;

/// Row-major.
struct Matrix {
  std::size_t rows = 0, cols = 0;
  std::vector<float> values;

  Matrix() = default;
  Matrix(std::size_t rows_, std::size_t cols_) : rows(rows_), cols(cols_), values(rows_ * cols_) {}
  float* row(std::size_t i) { return values.data() + i * cols; }
  const float* row(std::size_t i) const { return values.data() + i * cols; }
};

/// A picture seen a little differently: turned, scaled, shifted, with other contrast, noise and a patch gone.
/// picture, view: side x side values; those of the picture in [0, 1].
void augment(const float* picture, float* view, std::size_t side, Random& random);

/// Rows 2 i and 2 i + 1 are two views of one picture. The loss (NT-Xent, Chen et al., ICML 2020): each row has to find
/// the other view among all other rows by the cosine of the angle. Returns its mean; gradient: rows x cols, by `head`.
double nt_xent(const Matrix& head, Matrix& gradient);

/// Fully connected, with rectified outputs where asked for; learns by Adam.
class Layer {
 public:
  Layer(std::size_t inputs, std::size_t outputs, bool rectified, Random& random);

  Matrix forward(const Matrix& inputs) const;

  /// Learns from the gradient of the loss by the outputs that `forward` gave for `inputs`; returns that by the inputs.
  Matrix learn(const Matrix& inputs, const Matrix& outputs, Matrix gradient, double rate);

 private:
  struct Parameters {
    std::vector<float> values, mean, square;  // Adam's running means of the gradient and of its square
    void step(const std::vector<float>& gradient, double rate, double steps);
  };
  std::size_t inputs_, outputs_;
  bool rectified_;
  Parameters weights_, biases_;
  double steps_ = 0;
};

/// pixels -> hidden -> features, which are used, -> a head, which is thrown away after training (as in SimCLR).
class Network {
 public:
  Network(std::size_t side, std::size_t features, Random& random);

  /// rows x features, of rows x pixels.
  Matrix features(const Matrix& pictures) const;

  /// One pass over at least batch_pictures pictures in a random order: two views of each, told apart from the others of
  /// its batch (nt_xent). Returns the mean loss.
  double train_epoch(const Matrix& pictures, Random& random);

 private:
  double train_batch(const Matrix& views);

  std::size_t side_;
  Layer hidden_, features_, head_;
};

}  // namespace contrastive
