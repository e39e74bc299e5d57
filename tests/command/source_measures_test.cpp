#include <cmath>
#include <string>

#include <gtest/gtest.h>

#include <culogme/culogme.hpp>

#include "command_files.hpp"
#include "command_process.hpp"
#include "support/data.hpp"

namespace command_tests {
namespace {

constexpr std::int64_t rows = 60, width = 7;

/// Features that know the three classes and some that do not, probabilities that know them a little, logits of the
/// same.
struct Files {
  Folder folder;
  std::string labels = folder / "labels.npy", probabilities = folder / "good.probabilities.npy";

  Files() {
    const Sample sample = make_sample(rows, 6, 3);
    write_file(labels, npy(sample.labels));
    write_file(folder / "good.npy", npy(sample.features, rows, 6));
    write_file(folder / "bare.npy", npy(support::normal(rows, 6, 9).values, rows, 6));
    support::Data logits = support::normal(rows, width, 4);
    for (std::int64_t i = 0; i < rows; ++i) logits(i, i % 3) += 2;
    write_file(folder / "logits.txt", npy(logits.values, rows, width));
    for (std::int64_t i = 0; i < rows; ++i) {
      double sum = 0;
      for (std::int64_t z = 0; z < width; ++z) sum += logits(i, z) = std::exp(logits(i, z));
      for (std::int64_t z = 0; z < width; ++z) logits(i, z) /= sum;
    }
    write_file(probabilities, npy(logits.values, rows, width));
  }

  /// From the library, by another way than the command's.
  culogme::SourceFileScores expected() const {
    culogme::Engine engine;
    const auto reader = culogme::open_features(probabilities);
    return culogme::source_scores(engine, *reader, culogme::read_labels(labels));
  }

  Outcome score(std::vector<std::string> arguments, const Surroundings& surroundings = {}) const {
    arguments.insert(arguments.begin(), {"score", "--labels", labels});
    return run(arguments, surroundings);
  }
};

TEST(CommandSource, LeepNeedsNoFeatures) {
  const Files files;
  const nlohmann::json object =
      files.score({"--measure", "leep,nce", "--probabilities", files.probabilities, "--format", "json"}).json();
  const culogme::SourceFileScores expected = files.expected();
  EXPECT_EQ(object["score"], expected.leep->value);
  EXPECT_EQ(object["measures"], (nlohmann::json{{"leep", expected.leep->value}, {"nce", expected.nce->value}}));
  EXPECT_EQ(object["measure"], "leep");
  EXPECT_EQ(object["rows"], rows);
  EXPECT_EQ(object["source_classes"], width);
  EXPECT_EQ(object["status"], "ok");
  EXPECT_TRUE(object["error_bound"].is_null());
  EXPECT_TRUE(object["features"].is_null());
  ASSERT_EQ(object["targets"].size(), 3U);
  EXPECT_EQ(object["targets"][1]["leep"], expected.leep->classes[1].value);
  EXPECT_EQ(object["targets"][1]["rows"], 20);
  const std::string csv =
      files.score({"--measure", "nce,leep", "--probabilities", files.probabilities, "--format", "csv"}).out;
  EXPECT_EQ(csv.rfind("name,nce,leep,status,task,intercept\n", 0), 0U) << csv;
  EXPECT_NE(csv.find(",ok,classification,\n"), std::string::npos) << csv;
}

TEST(CommandSource, BesideLogmeTheFirstMeasureIsTheScore) {
  const Files files;
  const std::vector<std::string> common = {
      files.folder / "good.npy", "--probabilities", files.probabilities, "--format", "json", "--measure"};
  std::vector<std::string> first = common, second = common;
  first.emplace_back("logme,leep");
  second.emplace_back("leep,logme");
  const nlohmann::json a = files.score(first).json(), b = files.score(second).json();
  EXPECT_EQ(a["measures"]["leep"], files.expected().leep->value);
  EXPECT_EQ(a["measures"]["logme"], b["measures"]["logme"]);
  EXPECT_EQ(a["score"], a["measures"]["logme"]);
  EXPECT_EQ(b["score"], a["measures"]["leep"]);
  EXPECT_TRUE(a["error_bound"].is_number());
  EXPECT_TRUE(a["targets"][0].contains("evidence"));
  EXPECT_TRUE(a["targets"][0].contains("leep"));
}

TEST(CommandSource, LogitsByMistakeAndOnPurpose) {
  const Files files;
  const std::string logits = files.folder / "logits.txt";
  expect_error(files.score({"--measure", "leep", "--probabilities", logits}), 1, {"logits.txt", "row 0", "--softmax"});
  const nlohmann::json object =
      files.score({"--measure", "leep", "--probabilities", logits, "--softmax", "--format", "json"}).json();
  EXPECT_NEAR(object["score"], files.expected().leep->value, 1e-13);
  EXPECT_EQ(object["warnings"].dump().find("leave out --softmax"), std::string::npos);
  // The other way round every number is fine, and nothing but the looks of the rows tells.
  const std::vector<std::string> twice = {"--measure", "leep,nce", "--probabilities", files.probabilities, "--softmax"};
  const Outcome outcome = files.score(twice);
  EXPECT_EQ(outcome.code, 0);
  EXPECT_NE(outcome.text().find("good.probabilities.npy: its rows are between 0 and 1"), std::string::npos)
      << outcome.text();
}

TEST(CommandSource, RoundedProbabilitiesAreNoLogits) {
  const Files files;
  const std::string rounded = files.folder / "rounded.npy";
  std::vector<double> values(static_cast<std::size_t>(rows * 4), 0.2499);
  write_file(rounded, npy(values, rows, 4));
  const Outcome outcome = files.score({"--measure", "leep", "--probabilities", rounded});
  expect_error(outcome, 1, {"rounded.npy", "row 0 adds up to 0.9996", "divide each row by its sum"});
  EXPECT_EQ(outcome.text().find("softmax"), std::string::npos) << outcome.text();
}

TEST(CommandSource, StandardInputIsKeptForTheSecondPass) {
  const Files files;
  Surroundings piped;
  piped.input = read_file(files.probabilities);
  const std::vector<std::string> arguments = {"--measure", "leep", "--probabilities", "-", "--format", "json"};
  EXPECT_EQ(files.score(arguments, piped).json()["score"], files.expected().leep->value);
  std::vector<std::string> small = arguments;
  small.insert(small.end(), {"--workspace", "1K"});
  expect_error(files.score(small, piped), 3, {"standard input", "second time", "--workspace"});
  small[3] = files.probabilities;  // a file is read again
  EXPECT_EQ(files.score(small).json()["score"], files.expected().leep->value);
}

TEST(CommandSource, KnownSourceLabels) {
  const Files files;
  const std::string source = files.folder / "source.csv.txt";
  std::string text;
  std::vector<std::int32_t> ids, labels;
  for (int i = 0; i < rows; ++i) {
    const bool cat = i % 3 == 0 || i % 7 == 0;
    text += cat ? "cat\n" : "dog\n";
    ids.push_back(cat ? 0 : 1);
    labels.push_back(i % 3);
  }
  write_file(source, text);
  culogme::Engine engine;
  const double expected = culogme::nce(engine, culogme::label_view(culogme::Memory::host, ids.data(), rows),
                                       culogme::label_view(culogme::Memory::host, labels.data(), rows), 2, 3)
                              .value;
  const nlohmann::json object = files.score({"--measure", "nce", "--source-labels", source, "--format", "json"}).json();
  EXPECT_EQ(object["score"], expected);
  write_file(source, text + "cat\n");
  expect_error(files.score({"--measure", "nce", "--source-labels", source}), 1, {"source.csv.txt", "61", "60"});
}

TEST(CommandSource, IgnoredRowsAreLeftOut) {
  const Files files;
  std::vector<std::int64_t> labels;
  std::vector<std::int32_t> kept_labels;
  for (int i = 0; i < rows; ++i) labels.push_back(i % 4 == 1 ? -1 : i % 3);
  write_file(files.labels, npy(labels));
  const auto reader = culogme::open_features(files.probabilities);
  const culogme::MatrixView all = reader->next(rows);
  std::vector<double> kept;
  for (int i = 0; i < rows; ++i) {
    if (i % 4 == 1) continue;
    const double* const row = static_cast<const double*>(all.data) + i * width;
    kept.insert(kept.end(), row, row + width);
    kept_labels.push_back(i % 3);
  }
  culogme::Engine engine;
  const auto count = static_cast<std::int64_t>(kept_labels.size());
  const double expected = culogme::leep(engine, culogme::matrix_view(culogme::Memory::host, kept.data(), count, width),
                                        culogme::label_view(culogme::Memory::host, kept_labels.data(), count), 3)
                              .value;
  for (const char* workspace : {"1G", "1K"}) {
    const nlohmann::json object = files
                                      .score({"--measure", "leep", "--probabilities", files.probabilities,
                                              "--ignore-label", "-1", "--workspace", workspace, "--format", "json"})
                                      .json();
    EXPECT_EQ(object["score"], expected);
    EXPECT_EQ(object["rows"], count);
    EXPECT_EQ(object["ignored"], rows - count);
  }
}

TEST(CommandSource, OptionsThatDoNotFit) {
  const Files files;
  expect_error(files.score({"--measure", "leep"}), 2, {"leep", "--probabilities"});
  expect_error(files.score({"--measure", "nce"}), 2, {"nce", "--source-labels"});
  expect_error(files.score({files.folder / "good.npy", "--probabilities", files.probabilities}), 2, {"leep or nce"});
  expect_error(files.score({files.folder / "good.npy", "--measure", "leep", "--probabilities", files.probabilities}), 2,
               {"features", "logme"});
  expect_error(files.score({files.folder / "good.npy", "--softmax"}), 2, {"--softmax"});
  expect_error(run({"score", "--measure", "leep", "--probabilities", files.probabilities}), 2, {"--labels is missing"});
  expect_error(files.score({"--measure", "leep", "--probabilities", files.probabilities, "--task", "regression"}), 1,
               {"regression"});
  for (const std::vector<std::string>& option : std::vector<std::vector<std::string>>{{"--precision", "f64"},
                                                                                      {"--procedure", "reference"},
                                                                                      {"--intercept", "on"},
                                                                                      {"--accuracy", "1e-3"},
                                                                                      {"--standard-error"},
                                                                                      {"--sort", "excess"}}) {
    std::vector<std::string> words = {"--measure", "leep", "--probabilities", files.probabilities};
    words.insert(words.end(), option.begin(), option.end());
    expect_error(files.score(words), 2, {option.front(), "--measure logme"});
  }
}

TEST(CommandSource, RankHasAColumnForEachMeasure) {
  const Files files;
  write_file(files.folder / "accuracies.csv", "name,probe\ngood,0.1\nbare,0.9\n");
  std::vector<std::string> arguments = {"rank", files.folder.path(), "--measure", "logme,leep,nce", "--format", "json"};
  const nlohmann::json object = run(arguments).json();
  ASSERT_EQ(object["models"].size(), 2U);
  for (const nlohmann::json& model : object["models"]) {
    const bool good = model["name"] == "good";
    EXPECT_EQ(model["measures"]["leep"].is_number(), good);
    EXPECT_EQ(model["measures"]["nce"].is_number(), good);
    EXPECT_TRUE(model["measures"]["logme"].is_number());
    if (good) {
      EXPECT_EQ(model["measures"]["leep"], files.expected().leep->value);
    }
  }
  EXPECT_NE(object["warnings"].dump().find("no leep for bare"), std::string::npos) << object["warnings"];
  ASSERT_EQ(object["evaluation"].size(), 3U);
  EXPECT_EQ(object["evaluation"][0]["models"], 2);
  EXPECT_EQ(object["evaluation"][1]["measure"], "leep");
  EXPECT_EQ(object["evaluation"][1]["models"], 1);
  arguments.back() = "csv";
  const std::string scores = files.folder / "scores.out";
  write_file(scores, run(arguments).out);
  EXPECT_EQ(read_file(scores).rfind("name,logme,leep,nce,status,task,intercept\n", 0), 0U) << read_file(scores);
  const nlohmann::json again =
      run({"evaluate", scores, files.folder / "accuracies.csv", "--format", "json"}).json()["measures"];
  ASSERT_EQ(again.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(again[i]["measure"], object["evaluation"][i]["measure"]);
    EXPECT_EQ(again[i]["models"], object["evaluation"][i]["models"]);
    EXPECT_EQ(again[i]["weighted_kendall"], object["evaluation"][i]["weighted_kendall"]);
  }
}

TEST(CommandSource, RankFailsOnlyWhatTheFirstMeasureNeeds) {
  const Files files;
  const Outcome outcome = run({"rank", files.folder.path(), "--measure", "leep", "--format", "json"});
  EXPECT_EQ(outcome.code, 1);
  const nlohmann::json object = outcome.json();
  ASSERT_EQ(object["models"].size(), 1U);
  EXPECT_EQ(object["models"][0]["name"], "good");
  EXPECT_TRUE(object["models"][0]["features"].is_null());
  EXPECT_EQ(object["failed"][0]["name"], "bare");
  EXPECT_NE(object["failed"][0]["error"].get<std::string>().find("no probabilities"), std::string::npos);
}

TEST(CommandSource, RankKeepsAModelWhoseOtherMeasureFails) {
  const Files files;
  write_file(files.folder / "bare.probabilities.npy",
             npy(std::vector<double>(static_cast<std::size_t>(rows * 4), 7), rows, 4));
  const std::vector<std::string> words = {"rank", files.folder.path(), "--measure", "logme,leep", "--format", "json"};
  const Outcome outcome = run(words);
  EXPECT_EQ(outcome.code, 0) << outcome.text();
  const nlohmann::json object = outcome.json();
  ASSERT_EQ(object["models"].size(), 2U);
  for (const nlohmann::json& model : object["models"])
    EXPECT_EQ(model["measures"]["leep"].is_null(), model["name"] == "bare");
  const std::string warnings = object["warnings"].dump();
  EXPECT_NE(warnings.find("bare: no leep: "), std::string::npos) << warnings;
  EXPECT_EQ(warnings.find("there are no probabilities"), std::string::npos) << warnings;
}

// Models that lack a measure, and equal values, are no disagreement.
TEST(CommandSource, MeasuresDisagreeOnlyAboutModelsThatHaveAll) {
  const Files files;
  const auto line = [&](const std::string& models, const std::string& measures) {
    write_file(files.folder / "m.csv", "name,features,probabilities\n" + models);
    return run({"rank", files.folder / "m.csv", "--labels", files.labels, "--measure", measures}).out;
  };
  write_file(files.folder / "flat.probabilities.npy",
             npy(std::vector<double>(static_cast<std::size_t>(rows * 4), 0.25), rows, 4));
  EXPECT_EQ(line("best,good.npy,\nother,bare.npy,good.probabilities.npy\n", "logme,leep").find("disagree"),
            std::string::npos);
  EXPECT_EQ(
      line("a,bare.npy,flat.probabilities.npy\nb,good.npy,flat.probabilities.npy\n", "leep,logme").find("disagree"),
      std::string::npos)
      << "equal LEEP";
  const std::string some = line(
      "best,good.npy,\nb,bare.npy,flat.probabilities.npy\na,good.npy,flat.probabilities.npy\n"
      "c,bare.npy,good.probabilities.npy\n",
      "logme,leep");
  EXPECT_NE(some.find("about the best of the 3 models that have all: logme a, leep c\n"), std::string::npos) << some;
}

TEST(CommandSource, RankSaysWhenMeasuresDisagree) {
  const Files files;
  // Probabilities that know nothing, for the model whose features know more.
  write_file(files.folder / "bare.probabilities.npy",
             npy(std::vector<double>(static_cast<std::size_t>(rows * 4), 0.25), rows, 4));
  const auto line = [&](const std::string& good, const std::string& other) {
    write_file(files.folder / "m.csv", "name,features,probabilities\ngood," + good + ",good.probabilities.npy\nbare," +
                                           other + ",bare.probabilities.npy\n");
    return run({"rank", files.folder / "m.csv", "--labels", files.labels, "--measure", "logme,leep"}).out;
  };
  const std::string agree = line("good.npy", "bare.npy"), differ = line("bare.npy", "good.npy");
  EXPECT_EQ(agree.find("disagree"), std::string::npos) << agree;
  EXPECT_NE(differ.find("the measures disagree about the best model: logme bare, leep good\n"), std::string::npos)
      << differ;
}

TEST(CommandSource, StatsShowRecognisesTheFile) {
  const Files files;
  culogme::Engine engine;
  culogme::SourceStatistics statistics(engine, 3, width);
  const std::string file = files.folder / "source.stats";
  statistics.save(std::filesystem::path(file));
  const nlohmann::json object = run({"stats", "show", file, "--format", "json"}).json();
  EXPECT_EQ(object["input"], "probabilities");
  EXPECT_EQ(object["source_classes"], width);
  EXPECT_EQ(object["targets"].size(), 3U);
  EXPECT_EQ(run({"stats", "show", file}).code, 0);
}

}  // namespace
}  // namespace command_tests
