#include <gtest/gtest.h>

#include <culogme/evaluate.hpp>

#include "command_files.hpp"
#include "command_process.hpp"

namespace command_tests {
namespace {

struct Tables {
  Folder folder;
  std::string scores = folder / "scores.csv";
  std::string accuracies = folder / "accuracies.csv";

  Tables(const std::string& score_text, const std::string& accuracy_text) {
    write_file(scores, score_text);
    write_file(accuracies, accuracy_text);
  }
};

const char* const five_scores = "name,logme,note,leep\na,0.1,x,3\nb,0.2,y,2\nc,0.3,,4\nd,0.4,z,1\ne,0.5,,5\n";
const char* const five_accuracies = "model,probe,finetuned\nd,0.7,0.1\nc,0.9,0.2\nb,0.6,0.3\na,0.5,0.4\ne,0.8,0.5\n";

TEST(CommandEvaluate, JsonJoinsByNameAndHasTheNumbersOfTheLibrary) {
  const Tables tables(five_scores, five_accuracies);
  const Outcome outcome = run({"evaluate", tables.scores, tables.accuracies, "--format", "json"});
  ASSERT_EQ(outcome.code, 0) << outcome.text();
  const nlohmann::json object = outcome.json();
  EXPECT_EQ(object["command"], "evaluate");
  EXPECT_EQ(object["accuracy"], "probe");
  ASSERT_EQ(object["measures"].size(), 2U);
  const std::vector<double> accuracies = {0.5, 0.6, 0.9, 0.7, 0.8};
  const std::vector<std::vector<double>> scores = {{0.1, 0.2, 0.3, 0.4, 0.5}, {3, 2, 4, 1, 5}};
  for (std::size_t i = 0; i < 2; ++i) {
    const nlohmann::json& one = object["measures"][i];
    const culogme::Evaluation expected = culogme::evaluate("", scores[i], accuracies);
    EXPECT_EQ(one["measure"], i == 0 ? "logme" : "leep");
    EXPECT_EQ(one["models"], 5);
    EXPECT_EQ(one["weighted_kendall"], expected.weighted_kendall);
    EXPECT_EQ(one["kendall"], expected.kendall);
    EXPECT_EQ(one["spearman"], expected.spearman);
    EXPECT_EQ(one["pearson"], expected.pearson);
    EXPECT_EQ(one["regret_at_1"], expected.regret_at[0]);
    EXPECT_EQ(one["relative_at_1"], expected.relative_at[0]);
    EXPECT_EQ(one["interval"]["weighted_kendall"][0], expected.weighted_kendall_interval[0]);
    EXPECT_EQ(one["interval"]["weighted_kendall"][1], expected.weighted_kendall_interval[1]);
  }
}

// Two models in order are in order in every draw, which is no certainty.
TEST(CommandEvaluate, FewModelsHaveNoInterval) {
  for (const int models : {4, 5}) {
    std::string scores = "name,logme\n", accuracies = "name,acc\n";
    for (int i = 0; i < models; ++i) {
      scores.append("m").append(std::to_string(i)).append(",").append(std::to_string(i)).append("\n");
      accuracies.append("m").append(std::to_string(i)).append(",").append(std::to_string(i * i)).append("\n");
    }
    const Tables tables(scores, accuracies);
    const nlohmann::json one =
        run({"evaluate", tables.scores, tables.accuracies, "--format", "json"}).json()["measures"][0];
    EXPECT_EQ(one["kendall"], 1);
    EXPECT_EQ(one["interval"]["weighted_kendall"][0].is_null(), models < 5);
    EXPECT_EQ(run({"evaluate", tables.scores, tables.accuracies}).out.find("too few models") != std::string::npos,
              models < 5);
  }
}

TEST(CommandEvaluate, AccuracyColumnPicksAnother) {
  const Tables tables(five_scores, five_accuracies);
  const nlohmann::json object =
      run({"evaluate", tables.scores, tables.accuracies, "--accuracy-column", "finetuned", "--format", "json"}).json();
  EXPECT_EQ(object["accuracy"], "finetuned");
  const std::vector<double> scores = {0.1, 0.2, 0.3, 0.4, 0.5}, accuracies = {0.4, 0.3, 0.2, 0.1, 0.5};
  EXPECT_EQ(object["measures"][0]["weighted_kendall"], culogme::weighted_kendall(scores, accuracies));
  expect_error(run({"evaluate", tables.scores, tables.accuracies, "--accuracy-column", "other"}), 2,
               {"other", "probe, finetuned"});
}

TEST(CommandEvaluate, SeedAndResamplesDecideTheInterval) {
  const Tables tables(five_scores, five_accuracies);
  const auto interval = [&](const std::vector<std::string>& options) {
    std::vector<std::string> words = {"evaluate", tables.scores, tables.accuracies, "--format", "json"};
    words.insert(words.end(), options.begin(), options.end());
    return run(words).json()["measures"][0];
  };
  EXPECT_EQ(interval({"--seed", "1", "--resamples", "50"}), interval({"--resamples", "50"}));
  EXPECT_FALSE(interval({"--resamples", "0"}).contains("interval"));
}

TEST(CommandEvaluate, NamesModelsThatAreMissingOrWithoutANumber) {
  const Tables tables("name,logme\na,1\nb,nan\nc,3\nlonely,4\n", "name,acc\na,1\nb,2\nc,3\nd,4\nlonely,\n");
  const Outcome table = run({"evaluate", tables.scores, tables.accuracies});
  EXPECT_EQ(table.code, 0);
  EXPECT_EQ(table.err, "");
  for (const char* sentence :
       {"warning: no acc for lonely", "warning: no scores for d", "warning: no logme (NaN) for b"}) {
    EXPECT_NE(table.out.find(sentence), std::string::npos) << table.out;
  }
  const nlohmann::json one =
      run({"evaluate", tables.scores, tables.accuracies, "--format", "json"}).json()["measures"][0];
  EXPECT_EQ(one["models"], 3);
  EXPECT_EQ(one["without_score"], std::vector<std::string>{"b"});
  EXPECT_EQ(one["without_accuracy"], std::vector<std::string>{"lonely"});
  EXPECT_EQ(one["only_in_accuracies"], std::vector<std::string>{"d"});
  const Outcome quiet = run({"evaluate", tables.scores, tables.accuracies, "--quiet"});
  EXPECT_EQ(quiet.out.find("warning"), std::string::npos);
}

TEST(CommandEvaluate, CsvHasOneLinePerMeasureAndWarnsOnStandardError) {
  const Tables tables("name,logme,leep\na,1,2\nb,2,1\nc,3,3\nd,4,4\n", "name,acc\na,1\nb,2\nc,3\n");
  const Outcome outcome = run({"evaluate", tables.scores, tables.accuracies, "--format", "csv"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out.rfind("measure,models,weighted_kendall,", 0), 0U);
  EXPECT_NE(outcome.out.find("\nlogme,3,1,"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("\nleep,3,"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.err.find("warning: no acc for d"), std::string::npos);
}

TEST(CommandEvaluate, UndefinedNumbersAreNull) {
  const Tables tables("name,logme\na,1\nb,1\nc,1\n", "name,acc\na,1\nb,2\nc,3\n");
  const nlohmann::json one =
      run({"evaluate", tables.scores, tables.accuracies, "--format", "json"}).json()["measures"][0];
  EXPECT_TRUE(one["weighted_kendall"].is_null());
  EXPECT_TRUE(one["pearson"].is_null());
  EXPECT_NE(run({"evaluate", tables.scores, tables.accuracies}).out.find("undefined"), std::string::npos);
}

TEST(CommandEvaluate, TablesThatCannotBeJoinedAreErrors) {
  const Tables apart("name,logme\na,1\nb,2\n", "name,acc\nx,1\ny,2\n");
  expect_error(run({"evaluate", apart.scores, apart.accuracies}), 1, {"no model", "acc"});
  const Tables twice("name,logme\na,1\na,2\n", five_accuracies);
  expect_error(run({"evaluate", twice.scores, twice.accuracies}), 1, {"a", "twice"});
  const Tables words("name,logme\na,x\nb,y\n", five_accuracies);
  expect_error(run({"evaluate", words.scores, words.accuracies}), 1, {"scores.csv", "no column of numbers"});
  expect_error(run({"evaluate", apart.scores, apart.folder / "none.csv"}), 3, {"none.csv"});
}

}  // namespace
}  // namespace command_tests
