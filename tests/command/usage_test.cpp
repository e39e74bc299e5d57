#include <ostream>

#include <gtest/gtest.h>

#include <culogme/version.hpp>

#include "command_files.hpp"
#include "command_process.hpp"
#include "cpu/split_product.hpp"

namespace command_tests {
namespace {

using Words = std::vector<std::string>;

const std::vector<Words>& subcommands() {
  static const std::vector<Words> all = {
      {"score"},         {"rank"},     {"stats", "add"}, {"stats", "merge"}, {"stats", "subtract"},
      {"stats", "show"}, {"evaluate"}, {"info"}};
  return all;
}

Words with(Words words, const std::string& last) {
  words.push_back(last);
  return words;
}

TEST(CommandUsage, HelpOfEverySubcommandHasExamplesAndItsOptions) {
  for (const Words& subcommand : subcommands()) {
    const Outcome outcome = run(with(subcommand, "--help"));
    EXPECT_EQ(outcome.code, 0) << outcome.text();
    EXPECT_EQ(outcome.err, "");
    std::string name = "culogme";
    for (const std::string& word : subcommand) name += " " + word;
    EXPECT_NE(outcome.out.find("Examples:\n"), std::string::npos) << name;
    EXPECT_NE(outcome.out.find("  " + name + " ", outcome.out.find("Examples:")), std::string::npos) << outcome.out;
    for (const char* option : {"--format table|json|csv", "--output FILE", "--quiet", "--version"}) {
      EXPECT_NE(outcome.out.find(option), std::string::npos) << name << " lacks " << option;
    }
  }
}

TEST(CommandUsage, ComputingCommandsHaveTheCommonOptions) {
  for (const char* subcommand : {"score", "rank"}) {
    const std::string help = run({subcommand, "--help"}).out;
    for (const char* option :
         {"--task auto|classification|regression|multilabel", "--measure LIST", "--procedure maximum|reference",
          "--backend auto|cpu|cuda", "--device K", "--threads N", "--precision auto|f32|f64|tf32|half", "--accuracy X",
          "--intercept auto|on|off", "--ignore-label X", "--classes C|FILE", "--bf16", "--workspace SIZE"}) {
      EXPECT_NE(help.find(option), std::string::npos) << subcommand << " lacks " << option;
    }
  }
}

TEST(CommandUsage, TopLevelHelpNamesEverySubcommandAndTheExitCodes) {
  const Outcome outcome = run({"--help"});
  EXPECT_EQ(outcome.code, 0);
  for (const char* word : {"score", "rank", "stats", "evaluate", "info", "130 interrupted"}) {
    EXPECT_NE(outcome.out.find(word), std::string::npos) << word;
  }
}

TEST(CommandUsage, VersionIsThatOfTheLibrary) {
  const std::string expected = std::string("culogme ") + culogme::version() + "\n";
  EXPECT_EQ(run({"--version"}).out, expected);
  EXPECT_EQ(run({"score", "--version"}).out, expected);
  EXPECT_EQ(run({"stats", "add", "--version"}).out, expected);
}

struct WrongUsage {
  Words arguments;
  Words words;  ///< that the sentence holds
};

/// Names the case in lists of tests.
void PrintTo(const WrongUsage& usage, std::ostream* stream) {
  *stream << "culogme";
  for (const std::string& argument : usage.arguments) *stream << '_' << argument;
}

class CommandWrongUsage : public testing::TestWithParam<WrongUsage> {};

TEST_P(CommandWrongUsage, IsOneSentenceAndExitCodeTwo) {
  expect_error(run(GetParam().arguments), 2, with(GetParam().words, "--help`)"));
}

INSTANTIATE_TEST_SUITE_P(
    All, CommandWrongUsage,
    testing::Values(
        WrongUsage{{}, {"no command", "score, rank, predict, stats, evaluate, info"}},
        WrongUsage{{"stats"}, {"no command", "add, merge, subtract, show"}},
        WrongUsage{{"scor", "f.npy"}, {"unknown command scor", "did you mean score?"}},
        WrongUsage{{"stats", "ad"}, {"unknown command ad", "did you mean add?"}},
        WrongUsage{{"nothing-like-it"}, {"unknown command nothing-like-it", "there are score"}},
        WrongUsage{{"score", "f.npy", "--lables", "l.npy"}, {"--lables", "did you mean --labels?"}},
        WrongUsage{{"score", "f.npy", "--zzzzzzzz"}, {"unknown option --zzzzzzzz"}},
        WrongUsage{{"info", "extra"}, {"unexpected argument extra"}}, WrongUsage{{"score"}, {"no features"}},
        WrongUsage{{"score", "."}, {"--labels is missing"}},
        WrongUsage{{"score", "f.npy", "--labels"}, {"--labels needs a value"}},
        WrongUsage{{"score", "f.npy", "--labels", "a", "--labels", "b"}, {"--labels is given more than once"}},
        WrongUsage{{"score", "f.npy", "--labels", "l", "--format", "xml"}, {"--format is xml", "table, json or csv"}},
        WrongUsage{{"score", "f.npy", "--labels", "l", "--task", "both"}, {"--task is both", "multilabel"}},
        WrongUsage{{"score", "f.npy", "--labels", "l", "--procedure", "x"}, {"--procedure", "maximum or reference"}},
        WrongUsage{{"score", "f.npy", "--labels", "l", "--precision", "f16"},
                   {"--precision", "auto, f32, f64, tf32, half or svd"}},
        WrongUsage{{"score", "f.npy", "--labels", "l", "--intercept", "1"}, {"--intercept", "auto, on or off"}},
        WrongUsage{{"score", "f.npy", "--labels", "l", "--backend", "tpu"}, {"--backend", "auto, cpu or cuda"}},
        WrongUsage{{"score", "f.npy", "--labels", "l", "--threads", "-1"}, {"--threads is -1", "at least 0"}},
        WrongUsage{{"score", "f.npy", "--labels", "l", "--threads", "two"}, {"--threads is two"}},
        WrongUsage{{"score", "f.npy", "--labels", "l", "--device", "1.5"}, {"--device is 1.5"}},
        WrongUsage{{"score", "f.npy", "--labels", "l", "--accuracy", "0"}, {"--accuracy is 0", "above 0"}},
        WrongUsage{{"score", "f.npy", "--labels", "l", "--accuracy", "nan"}, {"--accuracy is nan"}},
        WrongUsage{{"score", "f.npy", "--labels", "l", "--reference-tolerance", "-1"},
                   {"--reference-tolerance is -1", "at least 0"}},
        WrongUsage{{"score", "f.npy", "--labels", "l", "--reference-iterations", "0"},
                   {"--reference-iterations is 0", "at least 1"}},
        WrongUsage{{"score", ".", "--labels", "l", "--reference-guard", "0"}, {"--reference-guard", "reference"}},
        WrongUsage{{"score", "f.npy", "--labels", "l", "--classes", "1e3"}, {"number of classes is 1e3", "digits"}},
        WrongUsage{{"score", "f.npy", "--labels", "l", "--workspace", "2Q"}, {"--workspace is 2Q", "2G"}},
        WrongUsage{{"score", "f.npy", "--labels", "l", "--measure", "hscore"}, {"hscore", "available: logme"}},
        WrongUsage{{"score", "f.npy", "--labels", "l", "--measure", "logme,hscore"}, {"hscore", "available: logme"}},
        WrongUsage{{"rank", "--labels", "l", "a=x", "--measure", "other"}, {"other", "available: logme"}},
        WrongUsage{{"rank"}, {"no models"}}, WrongUsage{{"rank", "a=x"}, {"--labels is missing"}},
        WrongUsage{{"rank", "--labels", "l", "a=x", "a=y"}, {"a is given twice"}},
        WrongUsage{{"rank", "--labels", "l", "a="}, {"\"a=\"", "NAME=FEATURES"}},
        WrongUsage{{"rank", "--labels", "l", "a=x", "--accuracy-column", "probe"}, {"--accuracies"}},
        WrongUsage{{"stats", "add"}, {"no statistics file"}}, WrongUsage{{"stats", "add", "s"}, {"no features"}},
        WrongUsage{{"stats", "add", "s", "f"}, {"--labels"}},
        WrongUsage{{"stats", "add", "s", "f", "g", "h", "--labels", "a", "--labels", "b"}, {"2 labels files", "3"}},
        WrongUsage{{"stats", "merge", "out"}, {"OUT", "IN"}},
        WrongUsage{{"stats", "subtract", "out", "whole"}, {"OUT", "WHOLE", "PART"}},
        WrongUsage{{"stats", "show"}, {"statistics file"}}, WrongUsage{{"evaluate", "a.csv"}, {"SCORES", "ACCURACIES"}},
        WrongUsage{{"evaluate", "a.csv", "b.csv", "--resamples", "-5"}, {"--resamples is -5"}}));

TEST(CommandUsage, UnknownBackendInTheEnvironmentIsWrongUsage) {
  const Folder folder;
  const Sample sample = make_sample(12, 3, 2);
  write_file(folder / "f.npy", npy(sample.features, 12, 3));
  write_file(folder / "l.npy", npy(sample.labels));
  Surroundings surroundings;
  surroundings.environment = {"CULOGME_BACKEND=abacus"};
  expect_error(run({"score", folder / "f.npy", "--labels", folder / "l.npy"}, surroundings), 2, {"abacus"});
}

/// Matrix tiles are the one thing of a processor that can be switched off; the score may differ by its bound alone.
TEST(CommandScoreProducts, MatrixTilesCanBeSwitchedOff) {
  const Folder folder;
  const Sample sample = make_sample(1500, 70, 5);
  write_file(folder / "f.npy", npy(sample.features, 1500, 70));
  write_file(folder / "l.npy", npy(sample.labels));
  const std::vector<std::string> words = {"score", folder / "f.npy", "--labels", folder / "l.npy", "--precision",
                                          "f32",   "--backend",      "cpu",      "--format",       "json"};
  const nlohmann::json usual = run(words).json();
  Surroundings off;
  off.environment = {"CULOGME_AMX=OFF"};
  const nlohmann::json without = run(words, off).json();
  EXPECT_EQ(without["engine"].get<std::string>().find("AMX"), std::string::npos);
  EXPECT_EQ(usual["engine"].get<std::string>().find("AMX") != std::string::npos, culogme::detail::has_split_products());
  EXPECT_EQ(without["route"], "gram_f32");
  EXPECT_EQ(usual["route"], "gram_f32");
  EXPECT_NEAR(usual["score"].get<double>(), without["score"].get<double>(),
              usual["error_bound"].get<double>() + without["error_bound"].get<double>());
}

TEST(CommandUsage, AbsentBackendIsExitCodeFour) {
  const nlohmann::json info = run({"info", "--format", "json"}).json();
  for (const nlohmann::json& backend : info["backends"]) {
    if (backend["name"] != "cuda" || backend["available"] == true) continue;
    expect_error(run({"score", "f.npy", "--labels", "l.npy", "--backend", "cuda"}), 4,
                 {backend["reason"].get<std::string>()});
  }
}

TEST(CommandInfo, AHintAboutTheKernelIsWhatOtherCommandsDo) {
  Surroundings unset;  // OpenBLAS takes an empty variable for none
  unset.environment = {"OPENBLAS_CORETYPE=", "CULOGME_BACKEND=cpu"};
  const nlohmann::json cpu = run({"info", "--format", "json"}, unset).json()["backends"][0];
  const std::string data = std::string(CULOGME_EXAMPLE_DATA) + "/packages/";
  const std::vector<std::string> arguments = {
      "score", data + "minilm_l6.npy", "--labels", data + "labels.npy", "--format", "json"};
  const nlohmann::json score = run(arguments, unset).json();
  const auto has = [&](const std::string& kernel) {
    return score["engine"].get<std::string>().find(" " + kernel) != std::string::npos;
  };
  if (!cpu.contains("hint")) {
    EXPECT_TRUE(has(cpu["kernel"])) << score["engine"] << ", " << cpu;
    return;
  }
  EXPECT_FALSE(has(cpu["kernel"])) << score["engine"];
  EXPECT_TRUE(has("SkylakeX") || has("Haswell")) << score["engine"];
  unset.environment = {"OPENBLAS_CORETYPE=Nehalem", "CULOGME_BACKEND=cpu"};
  const nlohmann::json chosen = run(arguments, unset).json();
  EXPECT_NE(chosen["engine"].get<std::string>().find(" Nehalem"), std::string::npos) << chosen["engine"];
}

TEST(CommandInfo, JsonHasTheFixedKeys) {
  const Outcome outcome = run({"info", "--format", "json"});
  EXPECT_EQ(outcome.code, 0);
  const nlohmann::json info = outcome.json();
  EXPECT_EQ(info["command"], "info");
  EXPECT_EQ(info["version"], culogme::version());
  EXPECT_GE(info["threads"], 1);
  ASSERT_EQ(info["backends"].size(), 2U);
  EXPECT_EQ(info["backends"][0]["name"], "cpu");
  EXPECT_EQ(info["backends"][1]["name"], "cuda");
  for (const nlohmann::json& backend : info["backends"]) {
    if (backend["available"] == true) {
      EXPECT_NE(backend["description"], "");
    } else {
      EXPECT_NE(backend["reason"], "");
    }
  }
  EXPECT_NE(info["backends"][0]["blas"], "");
  EXPECT_NE(info["backends"][0]["kernel"], "");
}

TEST(CommandInfo, TableNamesVersionBackendsAndThreads) {
  const std::string text = run({"info"}).out;
  for (const char* word : {culogme::version(), "threads", "cpu", "cuda", "BLAS", "kernel"}) {
    EXPECT_NE(text.find(word), std::string::npos) << text;
  }
}

TEST(CommandInfo, CsvHasOneLinePerBackend) {
  const std::string text = run({"info", "--format", "csv"}).out;
  EXPECT_EQ(text.rfind("name,available,description,blas,kernel,reason\ncpu,true,", 0), 0U) << text;
}

TEST(CommandInfo, StillAnswersWhereTheEnvironmentAsksForAnUnknownBackend) {
  Surroundings surroundings;
  surroundings.environment = {"CULOGME_BACKEND=abacus"};
  const Outcome outcome = run({"info", "--format", "json"}, surroundings);
  EXPECT_EQ(outcome.code, 0) << outcome.text();
  EXPECT_TRUE(outcome.json()["engine"].is_null());
  EXPECT_NE(outcome.json()["reason"].get<std::string>().find("abacus"), std::string::npos);
}

TEST(CommandUsage, AResultNeverReplacesAnInput) {
  const Folder folder;
  const Sample sample = make_sample(30, 4, 2);
  const std::string features = folder / "f.npy", labels = folder / "l.npy";
  write_file(features, npy(sample.features, 30, 4));
  write_file(labels, npy(sample.labels));
  for (const std::string& output : {features, labels}) {
    const Outcome outcome = run({"score", features, "--labels", labels, "--output", output});
    EXPECT_EQ(outcome.code, 2) << outcome.text();
    EXPECT_NE(outcome.err.find("would replace the input"), std::string::npos) << outcome.err;
  }
  EXPECT_EQ(run({"score", features, "--labels", labels}).code, 0);
}

TEST(CommandUsage, WrongUsageIsTwoAndAMissingFileThree) {
  const Folder folder;
  const Sample sample = make_sample(30, 4, 2);
  const std::string features = folder / "f.npy", labels = folder / "l.npy";
  write_file(features, npy(sample.features, 30, 4));
  write_file(labels, npy(sample.labels));
  EXPECT_EQ(run({"score", folder / "none.stats"}).code, 3);
  EXPECT_EQ(run({"rank", folder / "none"}).code, 3);
  EXPECT_EQ(run({"score", features, "--labels", labels, "--classes", "0"}).code, 2);
  EXPECT_EQ(run({"score", features, "--labels", labels, "--procedure", "reference", "--intercept", "on"}).code, 2);
  EXPECT_EQ(run({"score", features, "--labels", labels, "--output", ""}).code, 2);
  EXPECT_EQ(run({"score", "-", "--labels", "-"}).code, 2);
}

}  // namespace
}  // namespace command_tests
