#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <culogme/culogme.hpp>

#include "command_files.hpp"
#include "command_process.hpp"

namespace command_tests {
namespace {

/// Features and labels of one sample in files, and statistics made of them.
struct Learned {
  Folder folder;
  Sample sample = make_sample(60, 5, 3);
  std::string features = folder / "f.npy", labels = folder / "l.npy", statistics = folder / "s.stats",
              sizes = folder / "y.npy";
  std::vector<double> responses;

  Learned() {
    write_file(features, npy(sample.features, 60, 5));
    write_file(labels, npy(sample.labels));
    for (std::int64_t i = 0; i < 60; ++i) {
      const double* const row = sample.features.data() + i * 5;
      responses.push_back(3 + row[0] - 0.5 * row[2] + 0.3 * std::sin(static_cast<double>(i)));
    }
    write_file(sizes, npy(responses, 60, 1));
    EXPECT_EQ(run({"stats", "add", statistics, features, "--labels", labels, "--precision", "f64"}).code, 0);
  }
};

TEST(CommandPredict, LabelsAreThoseOfTheLibrary) {
  const Learned learned;
  const nlohmann::json given = run({"predict", learned.statistics, "--rows", learned.features, "--format", "json",
                                    "--all-targets", "--backend", "cpu"})
                                   .json();
  EXPECT_EQ(given["command"], "predict");
  EXPECT_EQ(given["task"], "classification");
  EXPECT_EQ(given["rows"], 60);
  culogme::EngineOptions options;
  options.backend = culogme::Backend::cpu;
  culogme::Engine engine(options);
  const culogme::Posterior posterior(culogme::Statistics::load(engine, std::filesystem::path(learned.statistics)));
  const culogme::Prediction prediction =
      posterior.predict(culogme::matrix_view(culogme::Memory::host, learned.sample.features.data(), 60, 5));
  const culogme::ClassPrediction classes = posterior.classes(prediction);
  for (std::size_t i = 0; i < 60; ++i) {
    const nlohmann::json& row = given["predictions"][i];
    EXPECT_EQ(row["row"], i);
    EXPECT_EQ(row["label"], std::to_string(classes.label[i]));
    EXPECT_EQ(row["probability"], classes.probability[3 * i + static_cast<std::size_t>(classes.label[i])]);
    for (std::size_t k = 0; k < 3; ++k) {
      EXPECT_EQ(row["mean"][k], prediction.mean[3 * i + k]);
      EXPECT_EQ(row["deviation"][k], prediction.deviation[3 * i + k]);
    }
  }
}

TEST(CommandPredict, AStatisticsFileAndItsFeaturesGiveTheSameCsv) {
  const Learned learned;
  const Outcome first =
      run({"predict", learned.statistics, "--rows", learned.features, "--format", "csv", "--all-targets"});
  const Outcome second = run({"predict", learned.features, "--labels", learned.labels, "--rows", learned.features,
                              "--format", "csv", "--all-targets"});
  EXPECT_EQ(first.code, 0) << first.text();
  EXPECT_EQ(first.out, second.out);
  EXPECT_EQ(first.out.substr(0, first.out.find('\n')),
            "row,label,probability,mean:0,deviation:0,mean:1,deviation:1,mean:2,deviation:2");
}

TEST(CommandPredict, RegressionHasErrorBarsThatHold) {
  const Learned learned;
  const nlohmann::json given = run({"predict", learned.features, "--labels", learned.sizes, "--task", "regression",
                                    "--rows", learned.features, "--format", "json"})
                                   .json();
  EXPECT_EQ(given["intercept"], true);
  int inside = 0;
  for (std::size_t i = 0; i < 60; ++i) {
    const nlohmann::json& row = given["predictions"][i];
    EXPECT_FALSE(row.contains("label"));
    const double off = std::fabs(row["mean"][0].get<double>() - learned.responses[i]);
    inside += off < 3 * row["deviation"][0].get<double>() ? 1 : 0;
  }
  EXPECT_GE(inside, 57);
}

TEST(CommandPredict, LeaveOneOutTellsHowGoodItIs) {
  const Learned learned;
  const nlohmann::json given = run({"predict", learned.features, "--labels", learned.sizes, "--task", "regression",
                                    "--leave-one-out", "--format", "json"})
                                   .json();
  double squares = 0, sum = 0, total = 0;
  for (std::size_t i = 0; i < 60; ++i) {
    const double residual = given["predictions"][i]["mean"][0].get<double>() - learned.responses[i];
    squares += residual * residual;
    sum += learned.responses[i];
    total += learned.responses[i] * learned.responses[i];
  }
  EXPECT_NEAR(given["rmse"][0].get<double>(), std::sqrt(squares / 60), 1e-12);
  EXPECT_NEAR(given["r_squared"][0].get<double>(), 1 - squares / (total - sum * sum / 60), 1e-12);
  const nlohmann::json labels =
      run({"predict", learned.features, "--labels", learned.labels, "--leave-one-out", "--format", "json"}).json();
  int right = 0;
  for (std::size_t i = 0; i < 60; ++i)
    right += labels["predictions"][i]["label"] == std::to_string(learned.sample.labels[i]) ? 1 : 0;
  EXPECT_NEAR(labels["accuracy"].get<double>(), right / 60.0, 1e-15);
}

TEST(CommandPredict, IgnoredRowsAreNotLeftOut) {
  Learned learned;
  for (const std::size_t i : {3, 4, 50}) learned.sample.labels[i] = -1;
  write_file(learned.labels, npy(learned.sample.labels));
  const nlohmann::json given = run({"predict", learned.features, "--labels", learned.labels, "--ignore-label", "-1",
                                    "--leave-one-out", "--format", "json"})
                                   .json();
  EXPECT_EQ(given["rows"], 57);
  EXPECT_EQ(given["predictions"][3]["row"], 5);
}

TEST(CommandPredict, TablesAreForPeople) {
  const Learned learned;
  const Outcome outcome = run({"predict", learned.statistics, "--rows", learned.features});
  EXPECT_EQ(outcome.code, 0) << outcome.text();
  EXPECT_NE(outcome.out.find("... and 40 more"), std::string::npos) << outcome.out;
}

TEST(CommandPredict, WrongUsageIsSaid) {
  const Learned learned;
  const std::string& s = learned.statistics;
  expect_error(run({"predict"}), 2, {"nothing to learn from"});
  expect_error(run({"predict", s}), 2, {"--rows is missing"});
  expect_error(run({"predict", s, "--leave-one-out"}), 2, {"--leave-one-out", s});
  expect_error(run({"predict", s, "--labels", learned.labels, "--rows", learned.features}), 2, {"--labels", s});
  expect_error(run({"predict", learned.features, "--rows", learned.features}), 2, {"--labels is missing"});
  expect_error(run({"predict", s, "--rows", learned.features, "--procedure", "reference"}), 2, {"reference"});
  expect_error(run({"predict", s, "--rows", learned.features, "--measure", "leep"}), 2, {"leep"});
  expect_error(run({"predict", s, "--rows", learned.folder / "none.npy"}), 3, {"none.npy"});
  write_file(learned.folder / "narrow.npy", npy(std::vector<double>(8, 1.0), 2, 4));
  expect_error(run({"predict", s, "--rows", learned.folder / "narrow.npy"}), 1, {"narrow.npy", "4 columns", "5"});
  std::vector<double> bad(10, 1.0);
  bad[7] = std::nan("");
  write_file(learned.folder / "bad.npy", npy(bad, 2, 5));
  expect_error(run({"predict", s, "--rows", learned.folder / "bad.npy"}), 1, {"bad.npy", "NaN", "row 1, column 2"});
  expect_error(run({"predict", s, "--rows", learned.features, "--output", learned.features}), 2, {"--output"});
}

}  // namespace
}  // namespace command_tests
