#include <filesystem>
#include <limits>

#include <gtest/gtest.h>

#include <culogme/culogme.hpp>

#include "command_files.hpp"
#include "command_process.hpp"

namespace command_tests {
namespace {

const std::int64_t rows = 60;

/// Three models of the same rows: "good" has the classes in it, "worse" only one column of them, "noise" nothing.
struct Models {
  Folder folder;
  std::string labels = folder / "labels.npy";

  Models() {
    const Sample sample = make_sample(rows, 6, 3);
    write_file(labels, npy(sample.labels));
    write_file(folder / "good.npy", npy(sample.features, rows, 6));
    std::vector<double> worse, noise;
    for (std::size_t i = 0; i < static_cast<std::size_t>(rows); ++i) {
      worse.push_back(sample.features[i * 6]);
      noise.push_back(sample.features[i * 6] - (i % 3 == 0 ? 1.0 : 0.0));
    }
    write_file(folder / "worse.npy", npy(worse, rows, 1));
    write_file(folder / "noise.npy", npy(noise, rows, 1));
  }

  std::string pair(const std::string& name, const std::string& file) const { return name + "=" + (folder / file); }

  nlohmann::json json(std::vector<std::string> arguments, int code = 0) const {
    arguments.insert(arguments.begin(), "rank");
    arguments.insert(arguments.end(), {"--format", "json"});
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, code) << outcome.text();
    return outcome.json();
  }
};

std::vector<std::string> names(const nlohmann::json& object) {
  std::vector<std::string> result;
  for (const nlohmann::json& model : object["models"]) result.push_back(model["name"]);
  return result;
}

TEST(CommandRank, JsonHasTheFixedKeysBestFirst) {
  const Models models;
  const nlohmann::json object = models.json({"--labels", models.labels, models.pair("n", "noise.npy"),
                                             models.pair("w", "worse.npy"), models.pair("g", "good.npy")});
  EXPECT_EQ(object["command"], "rank");
  EXPECT_EQ(object["version"], culogme::version());
  for (const char* key : {"engine", "task", "procedure", "intercept", "measure", "failed", "evaluation", "warnings"}) {
    EXPECT_TRUE(object.contains(key)) << key;
  }
  EXPECT_EQ(names(object), (std::vector<std::string>{"g", "w", "n"}));
  culogme::Engine engine;
  const culogme::Labels labels = culogme::read_labels(models.labels);
  const std::vector<std::string> files = {"good.npy", "worse.npy", "noise.npy"};
  for (std::size_t i = 0; i < 3; ++i) {
    const nlohmann::json& model = object["models"][i];
    const auto reader = culogme::open_features(models.folder / files[i]);
    const culogme::Score expected = culogme::score(engine, *reader, labels);
    EXPECT_EQ(model["rank"], i + 1);
    EXPECT_EQ(model["score"], expected.value);
    EXPECT_EQ(model["features"], expected.features);
    EXPECT_EQ(model["error_bound"], expected.error_bound);
    EXPECT_EQ(model["error_estimate"], expected.error_estimate);
    EXPECT_EQ(model["route_reason"], expected.route_reason);
    EXPECT_EQ(model["status"], "ok");
    EXPECT_EQ(model["measures"]["logme"], expected.value);
  }
}

TEST(CommandRank, SaysHowSureTheOrderIs) {
  const Models models;
  // The best one twice: nobody could tell the two apart.
  const std::vector<std::string> arguments = {"--labels", models.labels, models.pair("n", "noise.npy"),
                                              models.pair("g", "good.npy"), models.pair("b", "good.npy")};
  const nlohmann::json object = models.json(arguments);
  culogme::Engine engine;
  culogme::ScoreOptions options;
  options.standard_error = true;
  const culogme::Labels labels = culogme::read_labels(models.labels);
  std::vector<culogme::Score> scores;
  for (const nlohmann::json& model : object["models"]) {
    const std::string name = model["name"];
    const auto reader = culogme::open_features(models.folder / (name == "n" ? "noise.npy" : "good.npy"));
    scores.push_back(culogme::score(engine, *reader, labels, options));
    EXPECT_EQ(model["standard_error"], scores.back().standard_error);
    // Classes of one size and no signal: every row adds the same, on average over the classes.
    if (name != "n") {
      EXPECT_GT(scores.back().standard_error, 0);
    }
  }
  for (std::size_t i = 0; i + 1 < scores.size(); ++i)
    EXPECT_EQ(object["models"][i]["beats_next"], culogme::score_difference(scores[i], scores[i + 1]).probability);
  EXPECT_TRUE(object["models"][2]["beats_next"].is_null());
  EXPECT_EQ(object["models"][0]["beats_next"], 0.5);
  EXPECT_GT(object["models"][1]["beats_next"], 0.95);
  EXPECT_EQ(object["models"][0]["tied_with_best"], false);
  EXPECT_EQ(object["models"][1]["tied_with_best"], true);
  EXPECT_EQ(object["models"][2]["tied_with_best"], false);
  const std::string sentence = "tied with the best, " + object["models"][0]["name"].get<std::string>();
  EXPECT_NE(object["ties"].get<std::string>().find(sentence), std::string::npos);
  std::vector<std::string> table = arguments;
  table.insert(table.begin(), "rank");
  const std::string text = run(table).out;
  EXPECT_NE(text.find("std error  beats next  tie"), std::string::npos) << text;
  EXPECT_NE(text.find("  =\n"), std::string::npos) << text;
  EXPECT_NE(text.find(sentence), std::string::npos) << text;
}

TEST(CommandRank, NoStandardErrorsOfPublishedNumbersOrOtherMeasures) {
  const Models models;
  const nlohmann::json published = models.json({"--labels", models.labels, "--procedure", "reference",
                                                models.pair("w", "worse.npy"), models.pair("g", "good.npy")});
  EXPECT_EQ(published["warnings"].dump().find("error bounds"), std::string::npos) << published["warnings"];
  for (const nlohmann::json& model : published["models"]) {
    EXPECT_TRUE(model["standard_error"].is_null() && model["beats_next"].is_null());
    EXPECT_TRUE(model["error_bound"].is_null() && model["error_estimate"].is_null());
    EXPECT_EQ(model["tied_with_best"], false);
  }
  EXPECT_FALSE(published.contains("ties"));
  const std::string text = run({"rank", "--labels", models.labels, "--procedure", "reference",
                                models.pair("w", "worse.npy"), models.pair("g", "good.npy")})
                               .out;
  EXPECT_EQ(text.find("error"), std::string::npos) << text;
}

TEST(CommandRank, EqualScoresStandInTheOrderOfTheNames) {
  const Models models;
  const nlohmann::json object = models.json({"--labels", models.labels, models.pair("c", "good.npy"),
                                             models.pair("a", "good.npy"), models.pair("b", "good.npy")});
  EXPECT_EQ(names(object), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_NE(object["warnings"].dump().find("order is not certain"), std::string::npos);
}

TEST(CommandRank, ModelsThatFailAreListedAndTheOthersRanked) {
  const Models models;
  std::vector<double> bad(static_cast<std::size_t>(rows), 1.0);
  bad[7] = std::numeric_limits<double>::infinity();
  write_file(models.folder / "bad.npy", npy(bad, rows, 1));
  const std::vector<std::string> arguments = {"--labels", models.labels, models.pair("x", "bad.npy"),
                                              models.pair("gone", "none.npy"), models.pair("g", "good.npy")};
  const nlohmann::json object = models.json(arguments, 1);
  EXPECT_EQ(names(object), std::vector<std::string>{"g"});
  ASSERT_EQ(object["failed"].size(), 2U);
  EXPECT_EQ(object["failed"][0]["name"], "x");
  EXPECT_NE(object["failed"][0]["error"].get<std::string>().find("row 7"), std::string::npos);
  EXPECT_EQ(object["failed"][1]["name"], "gone");
  std::vector<std::string> table = arguments;
  table.insert(table.begin(), "rank");
  const Outcome outcome = run(table);
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.out.find("failed: gone: "), std::string::npos) << outcome.out;
  table.insert(table.end(), {"--format", "csv"});
  const Outcome csv = run(table);
  EXPECT_EQ(csv.code, 1);
  EXPECT_EQ(csv.out.find("gone"), std::string::npos) << csv.out;
  EXPECT_NE(csv.err.find("failed: gone: "), std::string::npos) << csv.err;
}

TEST(CommandRank, EvaluateReadsWhatRankWroteWhenAModelFailed) {
  const Models models;
  const std::string accuracies = models.folder / "known.csv";
  write_file(accuracies, "name,probe\nnoise,0.1\ngood,0.5\ngone,0.9\n");
  std::vector<std::string> arguments = {"rank",
                                        "--labels",
                                        models.labels,
                                        "--accuracies",
                                        accuracies,
                                        models.pair("noise", "noise.npy"),
                                        models.pair("good", "good.npy"),
                                        models.pair("gone", "none.npy"),
                                        "--format",
                                        "json"};
  const nlohmann::json ranked = nlohmann::json::parse(run(arguments).out);
  arguments.back() = "csv";
  const std::string scores = models.folder / "scores.csv";
  write_file(scores, run(arguments).out);
  const Outcome evaluated = run({"evaluate", scores, accuracies, "--format", "json"});
  ASSERT_EQ(evaluated.code, 0) << evaluated.err;
  const nlohmann::json again = nlohmann::json::parse(evaluated.out)["measures"][0];
  EXPECT_EQ(again["models"], ranked["evaluation"][0]["models"]);
  EXPECT_EQ(again["weighted_kendall"], ranked["evaluation"][0]["weighted_kendall"]);
}

TEST(CommandRank, AManifestsAccuraciesMustBeNumbers) {
  const Models models;
  const std::string manifest = models.folder / "models.csv";
  write_file(manifest, "name,features,accuracy\na,good.npy,91%\n");
  const Outcome outcome = run({"rank", manifest, "--labels", models.labels});
  EXPECT_EQ(outcome.code, 1) << outcome.out;
  EXPECT_NE(outcome.err.find("91%"), std::string::npos) << outcome.err;
}

TEST(CommandRank, FolderWithLabelsAndAccuracies) {
  const Models models;
  write_file(models.folder / "accuracies.csv", "name,probe,finetuned\nnoise,0.1,9\nworse,0.5,8\ngood,0.9,7\n");
  const nlohmann::json object = models.json({models.folder.path()});
  EXPECT_EQ(names(object), (std::vector<std::string>{"good", "worse", "noise"}));
  ASSERT_EQ(object["evaluation"].size(), 1U);
  EXPECT_EQ(object["evaluation"][0]["measure"], "logme");
  EXPECT_EQ(object["evaluation"][0]["accuracy"], "probe");
  EXPECT_EQ(object["evaluation"][0]["weighted_kendall"], 1.0);
  EXPECT_EQ(object["models"][0]["accuracy"], 0.9);
  const std::string table = run({"rank", models.folder.path()}).out;
  EXPECT_NE(table.find("weighted Kendall tau against probe: 1.000 (3 models, too few to tell)\n"), std::string::npos)
      << table;
  const nlohmann::json other = models.json({models.folder.path(), "--accuracy-column", "finetuned"});
  EXPECT_LT(other["evaluation"][0]["weighted_kendall"], 0);
}

TEST(CommandRank, ManifestWithPathsRelativeToIt) {
  const Models models;
  write_file(models.folder / "m.csv", "name,features,accuracy\nA,good.npy,3\nB,noise.npy,1\nC,worse.npy,2\n");
  const nlohmann::json object = models.json({models.folder / "m.csv", "--labels", models.labels});
  EXPECT_EQ(names(object), (std::vector<std::string>{"A", "C", "B"}));
  EXPECT_EQ(object["evaluation"][0]["accuracy"], "accuracy");
  EXPECT_EQ(object["evaluation"][0]["models"], 3);
  expect_error(run({"rank", models.folder / "m.csv"}), 2, {"--labels is missing"});
}

TEST(CommandRank, AccuraciesFileThatLacksAModelIsSaid) {
  const Models models;
  write_file(models.folder / "acc.csv", "model,acc\ngood,2\nnoise,1\n");
  const Outcome outcome =
      run({"rank", models.folder / "good.npy", models.folder / "noise.npy", models.folder / "worse.npy", "--labels",
           models.labels, "--accuracies", models.folder / "acc.csv"});
  EXPECT_EQ(outcome.code, 0) << outcome.text();
  EXPECT_NE(outcome.out.find("against acc: 1.000 (2 models, too few to tell)"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("warning: no acc for worse"), std::string::npos) << outcome.out;
}

TEST(CommandRank, CsvIsWhatEvaluateReads) {
  const Models models;
  const std::string scores = models.folder / "scores.csv";
  const Outcome ranked =
      run({"rank", "--labels", models.labels, models.pair("a,\"b\"", "good.npy"), models.pair("w", "worse.npy"),
           models.pair("n", "noise.npy"), "--format", "csv", "--output", scores});
  EXPECT_EQ(ranked.code, 0) << ranked.text();
  EXPECT_EQ(ranked.out, "");
  EXPECT_EQ(read_file(scores).rfind("name,logme,status,task,intercept\n\"a,\"\"b\"\"\",", 0), 0U) << read_file(scores);
  write_file(models.folder / "acc.csv", "name,acc\n\"a,\"\"b\"\"\",3\nw,2\nn,1\n");
  const nlohmann::json object = run({"evaluate", scores, models.folder / "acc.csv", "--format", "json"}).json();
  ASSERT_EQ(object["measures"].size(), 1U);
  EXPECT_EQ(object["measures"][0]["measure"], "logme");
  EXPECT_EQ(object["measures"][0]["models"], 3);
  EXPECT_EQ(object["measures"][0]["weighted_kendall"], 1.0);
}

TEST(CommandRank, LabelsOfAStreamAreReadNoFurtherThanTheFeatures) {
  const Models models;
  Surroundings surroundings;
  for (int line = 0; line < 200000; ++line) surroundings.input += "3\n";
  const Outcome outcome =
      run({"rank", "--labels", "-", models.pair("good", "good.npy"), models.pair("worse", "worse.npy")}, surroundings);
  EXPECT_EQ(outcome.code, 1) << outcome.text();
  EXPECT_NE(outcome.err.find("standard input has more than"), std::string::npos) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  surroundings.input = std::string(200000, '\n');
  const Outcome blank = run({"rank", "--labels", "-", models.pair("good", "good.npy")}, surroundings);
  EXPECT_EQ(blank.code, 3) << blank.text();
  EXPECT_NE(blank.err.find("behind it are empty"), std::string::npos) << blank.err;
}

TEST(CommandRank, FolderAmongPairsNeedsAName) {
  const Models models;
  expect_error(run({"rank", "--labels", models.labels, models.folder.path(), models.pair("g", "good.npy")}), 2,
               {"folder", "NAME="});
  std::filesystem::create_directory(models.folder / "shards");
  const Sample sample = make_sample(rows, 6, 3);
  for (std::int64_t i = 0; i < 2; ++i) {
    write_file(models.folder / ("shards/part_" + std::to_string(i) + ".npy"),
               npy(slice(sample, i * 30, 30).features, 30, 6));
  }
  const nlohmann::json object =
      models.json({"--labels", models.labels, models.pair("s", "shards"), models.pair("g", "good.npy")});
  EXPECT_EQ(object["models"][0]["score"], object["models"][1]["score"]);
}

TEST(CommandRank, BadLabelsEndTheCommand) {
  const Models models;
  expect_error(run({"rank", models.pair("g", "good.npy"), "--labels", models.folder / "none.npy"}), 3, {"none.npy"});
}

TEST(CommandRank, BundledModelsFollowTheirAccuracies) {
  for (const char* name : {"fonts", "packages"}) {
    const Outcome outcome = run({"rank", std::string(CULOGME_EXAMPLE_DATA) + "/" + name, "--format", "json"});
    ASSERT_EQ(outcome.code, 0) << outcome.text();
    const nlohmann::json object = outcome.json();
    ASSERT_EQ(object["evaluation"].size(), 1U);
    EXPECT_EQ(object["evaluation"][0]["accuracy"], "probe");
    EXPECT_EQ(object["evaluation"][0]["models"], object["models"].size());
    EXPECT_GT(object["evaluation"][0]["weighted_kendall"], 0.8) << name;
  }
}

}  // namespace
}  // namespace command_tests
