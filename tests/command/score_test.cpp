#include <sys/stat.h>

#include <cmath>
#include <filesystem>
#include <thread>

#include <gtest/gtest.h>

#include <culogme/culogme.hpp>

#include "command_files.hpp"
#include "command_process.hpp"

namespace command_tests {
namespace {

/// Features and labels on disk, and the score that the library gives for them.
struct Case {
  Folder folder;
  Sample sample;
  std::string features, labels;

  explicit Case(std::int64_t rows = 60, std::int64_t cols = 7, std::int64_t classes = 3)
      : sample(make_sample(rows, cols, classes)), features(folder / "f.npy"), labels(folder / "l.npy") {
    write_file(features, npy(sample.features, rows, cols));
    write_file(labels, npy(sample.labels));
  }

  culogme::Score expected(const culogme::ScoreOptions& options = {}, const culogme::LabelOptions& label_options = {},
                          const std::string& other_labels = "") const {
    culogme::Engine engine;
    const auto reader = culogme::open_features(features);
    return culogme::score(engine, *reader,
                          culogme::read_labels(other_labels.empty() ? labels : other_labels, label_options), options);
  }

  nlohmann::json json(std::vector<std::string> arguments, const Surroundings& surroundings = {}) const {
    arguments.insert(arguments.begin(), "score");
    arguments.insert(arguments.end(), {"--format", "json"});
    const Outcome outcome = run(arguments, surroundings);
    EXPECT_EQ(outcome.code, 0) << outcome.text();
    EXPECT_EQ(outcome.err, "");
    return outcome.json();
  }
};

TEST(CommandScore, JsonHasTheFixedKeysAndTheNumbersOfTheLibrary) {
  const Case one;
  const nlohmann::json object = one.json({one.features, "--labels", one.labels});
  const culogme::Score expected = one.expected();
  EXPECT_EQ(object["command"], "score");
  EXPECT_EQ(object["version"], culogme::version());
  EXPECT_EQ(object["engine"], expected.engine);
  EXPECT_EQ(object["task"], "classification");
  EXPECT_EQ(object["procedure"], "maximum");
  EXPECT_EQ(object["intercept"], false);
  EXPECT_EQ(object["measure"], "logme");
  EXPECT_EQ(object["rows"], 60);
  EXPECT_EQ(object["features"], 7);
  EXPECT_EQ(object["rank"], expected.rank);
  EXPECT_EQ(object["route"], culogme::route_name(expected.route));
  EXPECT_EQ(object["score"], expected.value);
  EXPECT_EQ(object["error_bound"], expected.error_bound);
  EXPECT_EQ(object["error_estimate"], expected.error_estimate);
  EXPECT_EQ(object["null_score"], expected.null_value);
  EXPECT_EQ(object["measures"], (nlohmann::json{{"logme", expected.value}}));
  EXPECT_EQ(object["warnings"], expected.warnings);
  for (const char* key : {"total", "read", "statistics", "spectrum", "evidence"}) {
    EXPECT_TRUE(object["seconds"][key].is_number()) << key;
  }
  ASSERT_EQ(object["targets"].size(), expected.targets.size());
  for (std::size_t i = 0; i < expected.targets.size(); ++i) {
    const nlohmann::json& target = object["targets"][i];
    const culogme::TargetFit& fit = expected.targets[i];
    EXPECT_EQ(target["name"], fit.name);
    EXPECT_EQ(target["rows"], fit.rows);
    EXPECT_EQ(target["evidence"], fit.evidence);
    EXPECT_EQ(target["null_evidence"], fit.null_evidence);
    EXPECT_EQ(target["alpha"], fit.alpha);
    EXPECT_EQ(target["beta"], fit.beta);
    EXPECT_EQ(target["gamma"], fit.gamma);
    EXPECT_EQ(target["iterations"], fit.iterations);
    EXPECT_EQ(target["status"], culogme::status_name(fit.status));
  }
}

TEST(CommandScore, StandardErrorWhereItIsAskedFor) {
  const Case one;
  EXPECT_TRUE(one.json({one.features, "--labels", one.labels})["standard_error"].is_null());
  const nlohmann::json object = one.json({one.features, "--labels", one.labels, "--standard-error"});
  culogme::ScoreOptions options;
  options.standard_error = true;
  const culogme::Score expected = one.expected(options);
  EXPECT_EQ(object["standard_error"], expected.standard_error);
  for (std::size_t k = 0; k < 3; ++k)
    EXPECT_EQ(object["targets"][k]["standard_error"], expected.targets[k].standard_error);
  const Outcome table = run({"score", one.features, "--labels", one.labels, "--standard-error"});
  EXPECT_NE(table.out.find("standard error"), std::string::npos) << table.out;
  const Outcome other =
      run({"score", "--measure", "nce", "--source-labels", one.labels, "--labels", one.labels, "--standard-error"});
  EXPECT_EQ(other.code, 2);
  EXPECT_NE(other.err.find("--standard-error"), std::string::npos) << other.err;
}

TEST(CommandScore, OptionsReachTheLibrary) {
  const Case one;
  culogme::ScoreOptions reference;
  reference.procedure = culogme::Procedure::reference;
  const nlohmann::json published = one.json({one.features, "--labels", one.labels, "--procedure", "reference"});
  EXPECT_EQ(published["score"], one.expected(reference).value);
  EXPECT_EQ(published["procedure"], "reference");
  EXPECT_TRUE(published["error_bound"].is_null());  // and no 0, which would be a promise
  EXPECT_EQ(published["warnings"].dump().find("error estimate"), std::string::npos) << published["warnings"];
  const std::string table = run({"score", one.features, "--labels", one.labels, "--procedure", "reference"}).out;
  EXPECT_EQ(table.find("error"), std::string::npos) << table;
  reference.reference = {1e-7, 40, 1e-8};
  const nlohmann::json variant =
      one.json({one.features, "--labels", one.labels, "--procedure", "reference", "--reference-tolerance", "1e-7",
                "--reference-iterations", "40", "--reference-guard", "1e-8"});
  EXPECT_EQ(variant["score"], one.expected(reference).value);
  EXPECT_NE(variant["score"], published["score"]);

  culogme::ScoreOptions centred;
  centred.intercept = culogme::Intercept::on;
  const nlohmann::json with_intercept = one.json({one.features, "--labels", one.labels, "--intercept", "on"});
  EXPECT_EQ(with_intercept["score"], one.expected(centred).value);
  EXPECT_EQ(with_intercept["intercept"], true);

  culogme::LabelOptions regression;
  regression.task = culogme::Task::regression;
  const nlohmann::json fitted = one.json({one.features, "--labels", one.labels, "--task", "regression"});
  EXPECT_EQ(fitted["score"], one.expected({}, regression).value);
  EXPECT_EQ(fitted["task"], "regression");
  EXPECT_EQ(fitted["intercept"], true);

  write_file(one.folder / "f32.npy", npy_f32(one.sample.features, 60, 7));
  const nlohmann::json exact = one.json({one.folder / "f32.npy", "--labels", one.labels, "--precision", "f64"});
  EXPECT_EQ(exact["score"], one.expected().value);
  EXPECT_EQ(exact["route"], "gram_f64");
  const nlohmann::json fast = one.json({one.folder / "f32.npy", "--labels", one.labels, "--precision", "f32"});
  EXPECT_EQ(fast["route"], "gram_f32");
  for (const std::string precision : {"tf32", "half"}) {
    const nlohmann::json narrow = one.json({one.folder / "f32.npy", "--labels", one.labels, "--precision", precision});
    EXPECT_EQ(narrow["route"], "gram_" + precision);
    EXPECT_NEAR(narrow["score"].get<double>(), one.expected().value, narrow["error_bound"].get<double>());
    EXPECT_LT(narrow["error_bound"].get<double>(), 0.1);
  }
  // What only decides how the work is done changes the score by no more than its bound.
  const std::vector<std::vector<std::string>> engines = {
      {"--threads", "1"}, {"--workspace", "64M"}, {"--accuracy", "1e-6"}, {"--backend", "cpu", "--device", "0"}};
  for (const std::vector<std::string>& options : engines) {
    std::vector<std::string> words = {one.features, "--labels", one.labels};
    words.insert(words.end(), options.begin(), options.end());
    const nlohmann::json object = one.json(words);
    EXPECT_NEAR(object["score"].get<double>(), one.expected().value, object["error_bound"].get<double>())
        << options.front();
  }
}

TEST(CommandScore, FixedClassesAndIgnoredLabels) {
  Case one;
  const nlohmann::json fixed = one.json({one.features, "--labels", one.labels, "--classes", "5"});
  ASSERT_EQ(fixed["targets"].size(), 5U);
  EXPECT_EQ(fixed["targets"][4]["status"], "empty");
  EXPECT_TRUE(fixed["targets"][4]["evidence"].is_null());
  EXPECT_EQ(fixed["score"], one.expected().value);
  EXPECT_FALSE(fixed["warnings"].empty());

  for (std::size_t i = 0; i < 10; ++i) one.sample.labels[i * 5] = -1;
  write_file(one.labels, npy(one.sample.labels));
  expect_error(run({"score", one.features, "--labels", one.labels}), 1, {"l.npy", "-1", "row 0"});
  const nlohmann::json object = one.json({one.features, "--labels", one.labels, "--ignore-label", "-1"});
  EXPECT_EQ(object["rows"], 50);
  EXPECT_EQ(object["ignored"], 10);
  culogme::LabelOptions options;
  options.ignore_label = {"-1"};
  EXPECT_EQ(object["score"], one.expected({}, options).value);
  const nlohmann::json more =
      one.json({one.features, "--ignore-label", "-1", "--ignore-label", "2", "--labels", one.labels});
  EXPECT_EQ(more["targets"].size(), 2U);
}

TEST(CommandScore, EveryFormatAndFeatureSourceGivesTheSameScore) {
  const Case one;
  const double expected = one.expected().value;
  const Folder& folder = one.folder;
  const std::string whole = npy(one.sample.features, 60, 7);
  write_file(folder / "many.npz", npz({{"other.npy", npy(one.sample.labels)}, {"x.npy", whole}}));
  write_file(folder / "one.npz", npz({{"x.npy", whole}}));
  write_file(folder / "t.safetensors", safetensors("pooled", one.sample.features, 60, 7));
  for (const std::string& spec : {folder / "many.npz:x", folder / "one.npz", folder / "t.safetensors:pooled"}) {
    EXPECT_EQ(one.json({spec, "--labels", one.labels})["score"], expected) << spec;
  }
  EXPECT_EQ(one.json({one.features, "--labels", folder / "many.npz:other"})["score"], expected);

  std::vector<std::string> shards = {"--labels", one.labels};
  std::filesystem::create_directory(folder / "shards");
  for (std::int64_t i = 0; i < 12; ++i) {
    const Sample part = slice(one.sample, i * 5, 5);
    const std::string path = folder / ("shards/part_" + std::to_string(i) + ".npy");
    write_file(path, npy(part.features, 5, 7));
    shards.push_back(path);
  }
  EXPECT_EQ(one.json(shards)["score"], expected);
  EXPECT_EQ(one.json({folder / "shards", "--labels", one.labels})["score"], expected);

  Surroundings piped;
  piped.input = whole;
  EXPECT_EQ(one.json({"-", "--labels", one.labels}, piped)["score"], expected);

  ASSERT_EQ(::mkfifo((folder / "fifo").c_str(), 0600), 0);
  std::thread writer([&] { write_file(folder / "fifo", whole); });
  EXPECT_EQ(one.json({folder / "fifo", "--labels", one.labels})["score"], expected);
  writer.join();
}

TEST(CommandScore, TextAndCsvLabels) {
  const Case one;
  std::string lines, table = "id,species\n";
  for (std::size_t i = 0; i < one.sample.labels.size(); ++i) {
    const std::string name = std::string("kind ") + static_cast<char>('a' + one.sample.labels[i]);
    lines += name + "\n";
    table += std::to_string(i) + "," + name + "\n";
  }
  write_file(one.folder / "l.txt", lines);
  write_file(one.folder / "l.csv", table);
  for (const std::string& labels : {one.folder / "l.txt", one.folder / "l.csv:species"}) {
    const nlohmann::json object = one.json({one.features, "--labels", labels});
    EXPECT_EQ(object["score"], one.expected().value);
    EXPECT_EQ(object["targets"][1]["name"], "kind b");
  }
}

TEST(CommandScore, TableShowsTheScoreAndAtMostTwentyTargets) {
  const Case few;
  const Outcome table = run({"score", few.features, "--labels", few.labels});
  EXPECT_EQ(table.code, 0);
  for (const char* word : {"logme", "error bound", "error estimate", "null score", "60", "classification, 3 classes",
                           "no intercept", "procedure maximum", "interior", "f.npy: 7 columns"}) {
    EXPECT_NE(table.out.find(word), std::string::npos) << word << "\n" << table.out;
  }
  const Case many(90, 4, 30);
  const std::string text = run({"score", many.features, "--labels", many.labels}).out;
  EXPECT_NE(text.find("... and 10 more"), std::string::npos) << text;
  EXPECT_NE(text.find("\n19 "), std::string::npos) << text;
  EXPECT_EQ(text.find("\n20 "), std::string::npos) << text;
}

TEST(CommandScore, TargetsAreListedByWhatFeaturesTellAboutThem) {
  const Folder folder;
  const Sample sample = make_sample(120, 5, 6);
  write_file(folder / "f.npy", npy(sample.features, 120, 5));
  write_file(folder / "l.npy", npy(sample.labels));
  const std::vector<std::string> words = {"score", folder / "f.npy", "--labels", folder / "l.npy", "--classes",
                                          "7",     "--format",       "json",     "--sort"};
  for (const std::string order : {"given", "evidence", "excess"}) {
    std::vector<std::string> all = words;
    all.push_back(order);
    const nlohmann::json targets = run(all).json()["targets"];
    ASSERT_EQ(targets.size(), 7u);
    EXPECT_EQ(targets[6]["name"], "6") << "the class without rows comes last";
    EXPECT_TRUE(targets[6]["excess"].is_null());
    for (std::size_t i = 0; i < 6; ++i) {
      EXPECT_EQ(targets[i]["excess"].get<double>(),
                targets[i]["evidence"].get<double>() - targets[i]["null_evidence"].get<double>());
      if (i == 0) continue;
      if (order == "given")
        EXPECT_LT(targets[i - 1]["name"].get<std::string>(), targets[i]["name"].get<std::string>());
      else
        EXPECT_LE(targets[i - 1][order].get<double>(), targets[i][order].get<double>());
    }
  }
}

// The published procedure scores a class without rows, which has no null evidence to exceed.
TEST(CommandScore, ExcessIsTheMeanOverTargetsThatHaveOne) {
  const Folder folder;
  Sample sample = make_sample(120, 5, 6);
  for (auto& label : sample.labels) label = label == 5 ? 6 : label;
  write_file(folder / "f.npy", npy(sample.features, 120, 5));
  write_file(folder / "l.npy", npy(sample.labels));
  for (const char* procedure : {"maximum", "reference"}) {
    const nlohmann::json object = run({"score", folder / "f.npy", "--labels", folder / "l.npy", "--classes", "7",
                                       "--procedure", procedure, "--format", "json"})
                                      .json();
    double sum = 0;
    for (const nlohmann::json& target : object["targets"])
      if (target["rows"] > 0) sum += target["excess"].get<double>() / 6;
    EXPECT_NEAR(object["excess"].get<double>(), sum, 8 * 0x1p-52 * std::fabs(sum)) << procedure;
  }
}

TEST(CommandScore, CsvIsALineThatRankWouldWrite) {
  const Case one;
  const Outcome outcome = run({"score", one.features, "--labels", one.labels, "--format", "csv"});
  EXPECT_EQ(outcome.out.rfind("name,logme,status,task,intercept\n" + one.features + ",", 0), 0U) << outcome.out;
  EXPECT_NE(outcome.out.find(",ok,classification,off\n"), std::string::npos);
}

TEST(CommandScore, UnboundedScoreIsNullAndSaidSo) {
  const Case one;
  std::string responses = "y\n";
  for (std::int64_t i = 0; i < 60; ++i)
    responses += std::to_string(one.sample.features[static_cast<std::size_t>(i * 7)]) + "\n";
  write_file(one.folder / "y.csv", responses);
  const nlohmann::json object = one.json({one.features, "--labels", one.folder / "y.csv:y", "--task", "regression"});
  EXPECT_TRUE(object["score"].is_null()) << object;
  EXPECT_EQ(object["status"], "unbounded");
  EXPECT_EQ(object["targets"][0]["status"], "unbounded");
  EXPECT_FALSE(object["warnings"].empty());
  const Outcome table = run({"score", one.features, "--labels", one.folder / "y.csv:y", "--task", "regression"});
  EXPECT_NE(table.out.find("warning: "), std::string::npos) << table.out;
  EXPECT_EQ(table.err, "");
  const Outcome csv =
      run({"score", one.features, "--labels", one.folder / "y.csv:y", "--task", "regression", "--format", "csv"});
  EXPECT_NE(csv.out.find(",inf,unbounded,regression,on\n"), std::string::npos) << csv.out;
  EXPECT_EQ(csv.err.rfind("warning: ", 0), 0U) << csv.err;
}

TEST(CommandScore, DataErrorsNameTheFileAndTheValue) {
  Case one;
  one.sample.features[5 * 7 + 3] = std::nan("");
  write_file(one.folder / "nan.npy", npy(one.sample.features, 60, 7));
  expect_error(run({"score", one.folder / "nan.npy", "--labels", one.labels}), 1,
               {"nan.npy", "NaN", "row 5", "column 3"});
  write_file(
      one.folder / "same.csv", "y\n" + [] {
        std::string lines;
        for (int i = 0; i < 60; ++i) lines += "2.5\n";
        return lines;
      }());
  expect_error(run({"score", one.features, "--labels", one.folder / "same.csv:y", "--task", "regression"}), 1,
               {"same.csv", "no target varies"});
  write_file(one.folder / "one.npy", npy(std::vector<std::int64_t>(60, 4)));
  EXPECT_EQ(run({"score", one.features, "--labels", one.folder / "one.npy"}).code, 0);
  expect_error(run({"score", one.features, "--labels", one.folder / "one.npy", "--intercept", "on"}), 1,
               {"one.npy", "no target varies"});
  write_file(one.folder / "short.npy", npy(slice(one.sample, 10, 48).features, 48, 7));
  expect_error(run({"score", one.folder / "short.npy", "--labels", one.labels}), 1, {"short.npy", "48", "60", "batch"});
}

TEST(CommandScore, FileErrorsAreExitCodeThree) {
  const Case one;
  expect_error(run({"score", one.folder / "none.npy", "--labels", one.labels}), 3, {"none.npy", "No such file"});
  expect_error(run({"score", one.features, "--labels", one.folder / "none.npy"}), 3, {"none.npy", "No such file"});
  expect_error(run({"score", "", "--labels", one.labels}), 3, {"cannot open \"\": No such file"});
  write_file(one.folder / "empty.npy", "");
  expect_error(run({"score", one.folder / "empty.npy", "--labels", one.labels}), 3, {"empty.npy", "empty"});
  const std::string whole = npy(one.sample.features, 60, 7);
  write_file(one.folder / "cut.npy", whole.substr(0, whole.size() - 9));
  expect_error(run({"score", one.folder / "cut.npy", "--labels", one.labels}), 3, {"cut.npy"});
}

TEST(CommandScore, UnreadableFileIsNamed) {
  const Case one;
  std::filesystem::permissions(one.folder.path(), std::filesystem::perms(0755));
  std::filesystem::permissions(one.features, std::filesystem::perms::none);
  Surroundings surroundings;
  surroundings.unprivileged = true;
  const Outcome outcome = run({"score", one.features, "--labels", one.labels}, surroundings);
  if (outcome.code == 126) GTEST_SKIP() << "user 65534 cannot reach the command's folder";
  expect_error(outcome, 3, {"f.npy", "Permission denied"});
}

}  // namespace
}  // namespace command_tests
