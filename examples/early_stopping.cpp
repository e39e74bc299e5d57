// Stops self-supervised training by LogME. A network learns from unlabelled pictures; after every epoch its features
// stream through culogme::Statistics and are scored against labels that it never sees. The best network is kept, and
// training may end when LogME has not risen for some epochs. Afterwards the features of every epoch get a trained
// linear probe, to see whether LogME had told which epoch is best.

#include <culogme/culogme.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "contrastive.hpp"
#include "patience.hpp"

namespace {

using contrastive::Matrix;

constexpr std::size_t feature_units = 32, batch_rows = 256;

struct Options {
  std::string pictures, labels, output;
  std::int64_t epochs = 180, patience = 12, seed = 1;
};

struct Epoch {
  double loss = 0, logme = 0, error_bound = 0, probe = 0;
  Matrix features;
};

// LogME of features that never exist as a whole: the network sees a batch, the statistics add it, and it is gone.
// `kept` collects them all the same, for the probe that judges the experiment.
culogme::Score streamed_logme(culogme::Engine& engine, const contrastive::Network& network, const Matrix& pictures,
                              const culogme::Labels& labels, Matrix& kept) {
  culogme::StatisticsOptions options;
  options.target_names = labels.target_names;
  // Statistics cannot be taken again, and a unit that has nearly died is too small for f32 products beside the others.
  options.precision = culogme::Precision::f64;
  culogme::Statistics statistics(engine, feature_units, labels.targets(), options);
  kept = Matrix(pictures.rows, feature_units);
  for (std::size_t first = 0; first < pictures.rows; first += batch_rows) {
    const std::size_t rows = std::min(batch_rows, pictures.rows - first);
    Matrix batch(rows, pictures.cols);
    std::copy_n(pictures.row(first), rows * pictures.cols, batch.row(0));
    const Matrix features = network.features(batch);
    const auto count = static_cast<std::int64_t>(rows);
    statistics.add(culogme::matrix_view(culogme::Memory::host, features.row(0), count, feature_units),
                   culogme::label_view(culogme::Memory::host, labels.ids.data() + first, count));
    std::copy(features.values.begin(), features.values.end(), kept.row(first));
  }
  return culogme::score(statistics);
}

// Columns to mean 0 and deviation 1 on the rows that are learned from, as a probe's user would do.
void standardise(Matrix& features, std::size_t fold) {
  for (std::size_t j = 0; j < features.cols; ++j) {
    double sum = 0, squares = 0, count = 0;
    for (std::size_t i = 0; i < features.rows; ++i)
      if (i % 2 != fold) {
        const double value = static_cast<double>(features.row(i)[j]);
        sum += value;
        squares += value * value;
        ++count;
      }
    const double mean = sum / count, deviation = std::sqrt(std::max(squares / count - mean * mean, 0.0)) + 1e-6;
    for (std::size_t i = 0; i < features.rows; ++i)
      features.row(i)[j] = static_cast<float>((static_cast<double>(features.row(i)[j]) - mean) / deviation);
  }
}

std::vector<double> class_probabilities(const Matrix& weights, const float* row, std::size_t classes) {
  std::vector<double> values(classes);
  for (std::size_t c = 0; c < classes; ++c)
    values[c] = static_cast<double>(
        std::inner_product(row, row + weights.cols - 1, weights.row(c), weights.row(c)[weights.cols - 1]));
  const double largest = *std::max_element(values.begin(), values.end());
  double sum = 0;
  for (double& value : values) sum += value = std::exp(value - largest);
  for (double& value : values) value /= sum;
  return values;
}

// Accuracy of a multinomial logistic regression, trained on one half of the rows and tested on the other, both ways.
double probe_accuracy(const Matrix& features, const culogme::Labels& labels) {
  constexpr int steps = 150;
  constexpr float rate = 0.5F, momentum = 0.9F, decay = 1e-3F;
  const auto classes = static_cast<std::size_t>(labels.targets());
  std::size_t right = 0;
  for (std::size_t fold = 0; fold < 2; ++fold) {
    Matrix rows = features;
    standardise(rows, fold);
    const std::size_t intercept = rows.cols;
    Matrix weights(classes, rows.cols + 1), velocity(classes, rows.cols + 1);
    const std::size_t learned = (rows.rows + fold) / 2;
    for (int step = 0; step < steps; ++step) {
      Matrix gradient(classes, rows.cols + 1);
      for (std::size_t i = 1 - fold; i < rows.rows; i += 2) {
        const std::vector<double> probabilities = class_probabilities(weights, rows.row(i), classes);
        for (std::size_t c = 0; c < classes; ++c) {
          const bool own = static_cast<std::size_t>(labels.ids[i]) == c;
          const auto error = static_cast<float>(probabilities[c] - (own ? 1 : 0)) / static_cast<float>(learned);
          for (std::size_t j = 0; j < rows.cols; ++j) gradient.row(c)[j] += error * rows.row(i)[j];
          gradient.row(c)[intercept] += error;
        }
      }
      for (std::size_t k = 0; k < weights.values.size(); ++k) {
        velocity.values[k] = momentum * velocity.values[k] - rate * (gradient.values[k] + decay * weights.values[k]);
        weights.values[k] += velocity.values[k];
      }
    }
    for (std::size_t i = fold; i < rows.rows; i += 2) {
      const std::vector<double> probabilities = class_probabilities(weights, rows.row(i), classes);
      const auto best = std::max_element(probabilities.begin(), probabilities.end()) - probabilities.begin();
      if (best == labels.ids[i]) ++right;
    }
  }
  return static_cast<double>(right) / static_cast<double>(features.rows);
}

// rows x pixels in [0, 1], whatever range the file has.
Matrix read_pictures(const std::string& path) {
  const auto reader = culogme::open_features(path);
  if (reader->scalar() != culogme::Scalar::f32) throw culogme::InvalidArgument(path + ": pictures are bytes or f32");
  Matrix pictures(static_cast<std::size_t>(reader->rows()), static_cast<std::size_t>(reader->cols()));
  std::size_t row = 0;
  for (culogme::MatrixView block = reader->next(batch_rows); block.rows > 0; block = reader->next(batch_rows))
    for (std::int64_t i = 0; i < block.rows; ++i, ++row)
      std::copy_n(static_cast<const float*>(block.data) + i * block.row_stride, pictures.cols, pictures.row(row));
  if (pictures.values.empty()) throw culogme::InvalidArgument(path + ": there are no pictures");
  const auto [least, largest] = std::minmax_element(pictures.values.begin(), pictures.values.end());
  if (!(*least >= 0 && *largest > 0)) throw culogme::InvalidArgument(path + ": pictures have values from 0 on");
  const float scale = *largest;
  for (float& value : pictures.values) {
    if (!std::isfinite(value)) throw culogme::NumericalError(path + ": a pixel is not finite");
    value /= scale;
  }
  return pictures;
}

void write_curve(const std::filesystem::path& path, const std::vector<Epoch>& epochs) {
  std::ofstream file(path);
  file << std::setprecision(10) << "epoch,loss,logme,error_bound,probe\n";
  for (std::size_t epoch = 0; epoch < epochs.size(); ++epoch) {
    file << epoch << ',';
    if (epoch > 0) file << epochs[epoch].loss;  // epoch 0 has not learned anything
    file << ',' << epochs[epoch].logme << ',' << epochs[epoch].error_bound << ',' << epochs[epoch].probe << '\n';
  }
  if (!file.flush()) throw culogme::FileError("cannot write " + path.string());
}

struct Summary {
  std::int64_t epochs, best, stopped;  // stopped: the epoch after which training would have ended
  double spearman, kendall, weighted_kendall, probe_of_best, probe_of_last, largest_probe;
};

void write_summary(const std::filesystem::path& path, const Summary& s) {
  std::ofstream file(path);
  file << std::setprecision(10)
       << "epochs,best_epoch,stopped_after,epochs_saved,spearman,kendall,weighted_kendall,probe_of_best,"
          "probe_of_last,largest_probe\n"
       << s.epochs << ',' << s.best << ',' << s.stopped << ',' << s.epochs - s.stopped << ',' << s.spearman << ','
       << s.kendall << ',' << s.weighted_kendall << ',' << s.probe_of_best << ',' << s.probe_of_last << ','
       << s.largest_probe << '\n';
  if (!file.flush()) throw culogme::FileError("cannot write " + path.string());
}

void experiment(const Options& options) {
  culogme::Engine engine;
  const Matrix pictures = read_pictures(options.pictures);
  const culogme::Labels labels = culogme::read_labels(options.labels);
  const auto side = static_cast<std::size_t>(std::lround(std::sqrt(static_cast<double>(pictures.cols))));
  if (side * side != pictures.cols) throw culogme::InvalidArgument("the pictures are not square");
  if (pictures.rows < contrastive::batch_pictures)
    throw culogme::InvalidArgument("the network learns from " + std::to_string(contrastive::batch_pictures) +
                                   " pictures at a time: there are fewer");
  if (static_cast<std::size_t>(labels.rows) != pictures.rows || labels.task != culogme::Task::classification)
    throw culogme::InvalidArgument("one class label for each picture is needed");

  // Before minutes of training, not after them.
  if (!options.output.empty()) std::filesystem::create_directories(options.output);

  contrastive::Random random(static_cast<std::uint64_t>(options.seed));
  contrastive::Network network(side, feature_units, random);
  contrastive::Network checkpoint = network;
  examples::Patience stopping(options.patience);
  std::optional<std::int64_t> stopped;
  std::vector<Epoch> epochs;
  std::cout << "epoch     loss      LogME\n";
  // Training goes on after the stop, or there would be nothing to compare with.
  for (std::int64_t e = 0; e <= options.epochs; ++e) {
    Epoch& epoch = epochs.emplace_back();
    if (e > 0) epoch.loss = network.train_epoch(pictures, random);
    const culogme::Score score = streamed_logme(engine, network, pictures, labels, epoch.features);
    epoch.logme = score.value;
    epoch.error_bound = score.error_bound;
    const bool best = !stopped && stopping.add(e, score.value, score.error_bound);
    if (best) checkpoint = network;
    std::cout << std::setw(5) << e << std::fixed << std::setprecision(4) << std::setw(9) << epoch.loss << std::setw(11)
              << epoch.logme << (best ? "  best" : "");
    if (!stopped && stopping.stops()) {
      stopped = e;
      std::cout << "  no rise for " << options.patience << " epochs: training could end here";
    }
    std::cout << std::endl;
  }

  std::vector<double> logme, probe;
  for (Epoch& epoch : epochs) {
    epoch.probe = probe_accuracy(epoch.features, labels);
    logme.push_back(epoch.logme);
    probe.push_back(epoch.probe);
  }
  const Summary summary{options.epochs,
                        stopping.best(),
                        stopped.value_or(options.epochs),
                        culogme::spearman(logme, probe),
                        culogme::kendall_tau_b(logme, probe),
                        culogme::weighted_kendall(logme, probe),
                        probe_accuracy(checkpoint.features(pictures), labels),
                        probe.back(),
                        *std::max_element(probe.begin(), probe.end())};
  std::cout << "LogME and the probe's accuracy over " << epochs.size() << " epochs: Spearman " << summary.spearman
            << ", Kendall " << summary.kendall << ", weighted Kendall " << summary.weighted_kendall
            << "\nprobe's accuracy: " << probe.front() << " before training, " << summary.probe_of_best
            << " of the network that LogME kept (epoch " << summary.best << "), " << summary.probe_of_last
            << " after the last epoch, " << summary.largest_probe
            << " at most\nepochs saved: " << summary.epochs - summary.stopped << " of " << summary.epochs << '\n';
  if (options.output.empty()) return;
  write_curve(std::filesystem::path(options.output) / "early_stopping.csv", epochs);
  write_summary(std::filesystem::path(options.output) / "early_stopping_summary.csv", summary);
}

std::optional<Options> parse(int argc, char** argv) {
  if (argc < 3 || argc % 2 == 0) return std::nullopt;
  Options options;
  options.pictures = argv[1];
  options.labels = argv[2];
  for (int i = 3; i < argc; i += 2) {
    const std::string name = argv[i], value = argv[i + 1];
    if (name == "--output") {
      options.output = value;
      continue;
    }
    std::int64_t* const number = name == "--epochs"     ? &options.epochs
                                 : name == "--patience" ? &options.patience
                                 : name == "--seed"     ? &options.seed
                                                        : nullptr;
    if (number == nullptr) return std::nullopt;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), *number);
    if (error != std::errc() || end != value.data() + value.size() || *number < 1) return std::nullopt;
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const std::optional<Options> options = parse(argc, argv);
  if (!options) {
    std::cerr << "usage: early_stopping PICTURES LABELS [--epochs N] [--patience N] [--seed N] [--output FOLDER]\n";
    return 2;
  }
  try {
    experiment(*options);
  } catch (const std::exception& error) {
    std::cerr << "early_stopping: " << error.what() << '\n';
    return 1;
  }
}
