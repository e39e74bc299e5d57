#include "source_measures.hpp"

#include <algorithm>
#include <cmath>

namespace culogme::command {
namespace {

bool holds(const std::vector<std::string>& measures, const char* name) {
  return std::find(measures.begin(), measures.end(), name) != measures.end();
}

}  // namespace

std::int64_t SourceMeasures::source_classes() const {
  return leep ? leep->source_classes : nce ? nce->source_classes : 0;
}

bool reads_features(const std::vector<std::string>& measures) { return holds(measures, "logme"); }
bool reads_sources(const std::vector<std::string>& measures) {
  return holds(measures, "leep") || holds(measures, "nce");
}

bool can_measure(const std::string& measure, bool has_features, const SourceFiles& files) {
  if (measure == "logme") return has_features;
  return !files.probabilities.empty() || (measure == "nce" && !files.source_labels.empty());
}

SourceMeasures measure_sources(Engine& engine, const std::vector<std::string>& measures, const SourceFiles& files,
                               bool softmax, const Labels& labels, const ReadOptions& read_options,
                               const std::function<void(const Progress&)>& progress) {
  SourceMeasures result;
  const bool known = !files.source_labels.empty();
  SourceFileOptions options;
  options.leep = holds(measures, "leep") && can_measure("leep", false, files);
  options.nce = holds(measures, "nce") && !known && can_measure("nce", false, files);
  options.softmax = softmax;
  options.progress = progress;
  if (options.leep || options.nce) {
    const std::unique_ptr<FeatureReader> reader = open_features(files.probabilities, read_options);
    SourceFileScores scores = source_scores(engine, *reader, labels, options);
    result.leep = std::move(scores.leep);
    result.nce = std::move(scores.nce);
    result.seconds = scores.seconds;
  }
  if (holds(measures, "nce") && known) {
    LabelOptions classes;
    classes.task = Task::classification;
    classes.rows = labels.rows;
    classes.rows_of = labels.name;
    result.nce = nce(engine, read_labels(files.source_labels, classes), labels);
  }
  return result;
}

double measure_value(const std::string& measure, const Score* logme, const SourceMeasures& sources) {
  if (measure == "logme") return logme == nullptr ? std::nan("") : logme->value;
  const std::optional<SourceScore>& score = measure == "leep" ? sources.leep : sources.nce;
  return score ? score->value : std::nan("");
}

}  // namespace culogme::command
