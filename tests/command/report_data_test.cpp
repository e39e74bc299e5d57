// --report without a browser: what is in the page, what is not, and how the file appears.

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "report_files.hpp"

namespace command_tests {
namespace {

using nlohmann::json;

TEST(CommandReport, HoldsWhatTheRankingFound) {
  CULOGME_NEEDS_PAGES();
  const Reported models({"a", "b", "c"}, 120, 3);
  write_file(models.folder / "accuracies.csv", "name,finetuned\na,0.9\nb,0.8\n");
  const Outcome outcome = models.report({"--accuracies", models.folder / "accuracies.csv", "--format", "json"});
  ASSERT_EQ(outcome.code, 0) << outcome.text();
  const json ranked = outcome.json(), page = page_json(models.page);
  ASSERT_EQ(page["models"].size(), 3U);
  EXPECT_EQ(page["measures"], json({"logme"}));
  EXPECT_EQ(page["rows"], 120);
  for (std::size_t i = 0; i < 3; ++i) {
    const json &model = page["models"][i], &expected = ranked["models"][i];
    EXPECT_EQ(model["name"], std::string(1, static_cast<char>('a' + i)));
    EXPECT_EQ(model["name"], expected["name"]);
    EXPECT_EQ(model["values"][0], expected["score"]);
    EXPECT_EQ(model["error_bound"], expected["error_bound"]);
    EXPECT_EQ(model["features"], 6);
    ASSERT_EQ(model["spectrum"].size(), 6U);
    for (std::size_t k = 0; k < 6; ++k) EXPECT_EQ(model["spectrum"][k][0], k + 1);
    EXPECT_GE(model["spectrum"][0][1], model["spectrum"][5][1]);
    EXPECT_LE(model["gamma"]["least"], model["gamma"]["mean"]);
    EXPECT_LE(model["gamma"]["mean"], model["gamma"]["most"]);
    EXPECT_LE(model["gamma"]["most"], 6.0);
  }
  EXPECT_EQ(page["accuracy"]["column"], "finetuned");
  EXPECT_EQ(page["accuracy"]["values"], json({0.9, 0.8, nullptr}));
  EXPECT_EQ(page["accuracy"]["tau"][0]["value"], ranked["evaluation"][0]["weighted_kendall"]);
  EXPECT_EQ(page["accuracy"]["tau"][0]["models"], 2);
  EXPECT_TRUE(page["left_out"].empty());
}

TEST(CommandReport, EvidenceByClassIsThatOfScore) {
  CULOGME_NEEDS_PAGES();
  const Reported models({"a", "b"}, 90, 3);
  ASSERT_EQ(models.report().code, 0);
  const json page = page_json(models.page), targets = page["targets"];
  EXPECT_EQ(targets["names"], json({"0", "1", "2"}));
  EXPECT_EQ(targets["rows"], json({30, 30, 30}));
  for (std::size_t i = 0; i < 2; ++i) {
    ASSERT_EQ(page["models"][i]["name"], i == 0 ? "a" : "b");
    const Outcome scored =
        run({"score", models.folder / (std::to_string(i) + ".npy"), "--labels", models.labels, "--format", "json"});
    const json object = scored.json();
    for (std::size_t k = 0; k < 3; ++k) {
      // Six significant digits.
      const double evidence = object["targets"][k]["evidence"], null = object["targets"][k]["null_evidence"];
      EXPECT_NEAR(targets["evidence"][i][k].get<double>(), evidence, 5e-6 * std::fabs(evidence));
      EXPECT_NEAR(targets["null"][k].get<double>(), null, 5e-6 * std::fabs(null));
    }
  }
}

TEST(CommandReport, NamesTheCommandAsAShellReadsIt) {
  CULOGME_NEEDS_PAGES();
  const Reported models({"it's one", "b"}, 60, 3);
  ASSERT_EQ(models.report({"--threads", "1"}).code, 0);
  const std::string command = page_json(models.page)["made_by"];
  EXPECT_EQ(command.find("culogme rank --labels "), 0U) << command;
  EXPECT_NE(command.find(" 'it'\\''s one=" + (models.folder / "0.npy") + "'"), std::string::npos) << command;
  EXPECT_NE(command.find(" --threads 1 --report " + models.page), std::string::npos) << command;
}

TEST(CommandReport, IsBoundedAndSaysWhatIsLeftOut) {
  CULOGME_NEEDS_PAGES();
  std::vector<std::string> names;
  for (int k = 0; k < 103; ++k) names.emplace_back("m").append(std::to_string(k));
  const Reported many(names, 601, 601);
  ASSERT_EQ(many.report().code, 0);
  const json page = page_json(many.page);
  EXPECT_EQ(page["models"].size(), 103U);
  EXPECT_EQ(page["detailed"], 100);
  EXPECT_TRUE(page["models"][99].contains("spectrum"));
  EXPECT_FALSE(page["models"][100].contains("spectrum"));
  EXPECT_EQ(page["targets"]["names"].size(), 600U);
  EXPECT_EQ(page["targets"]["evidence"].size(), 100U);
  EXPECT_EQ(page["targets"]["evidence"][99].size(), 600U);
  ASSERT_EQ(page["left_out"].size(), 2U);
  EXPECT_EQ(page["left_out"][0], "Pictures show the best 100 of 103 models; the table lists all.");
  EXPECT_EQ(page["left_out"][1],
            "Of 601 targets the evidence of 600 is here, those that the models differ about the most.");
}

TEST(CommandReport, OtherMeasuresAndFailedModelsAreThere) {
  CULOGME_NEEDS_PAGES();
  const Reported models({"a", "b"}, 60, 3);
  std::string manifest = "name,features,source_labels\n";
  write_file(models.folder / "source.npy", read_file(models.labels));
  for (const char* name : {"0", "1"})
    manifest += std::string(name) + "," + name + ".npy," + (name[0] == '0' ? "source.npy" : "") + "\n";
  manifest += "gone,gone.npy,\n";
  write_file(models.folder / "models.csv", manifest);
  const Outcome outcome = run({"rank", models.folder / "models.csv", "--labels", models.labels, "--measure",
                               "logme,nce", "--report", models.page});
  EXPECT_EQ(outcome.code, 1) << outcome.text();
  const json page = page_json(models.page);
  EXPECT_EQ(page["measures"], json({"logme", "nce"}));
  ASSERT_EQ(page["models"].size(), 2U);
  for (const json& model : page["models"])
    EXPECT_EQ(model["values"][1].is_null(), model["name"] == "1") << model.dump();
  ASSERT_EQ(page["failed"].size(), 1U);
  EXPECT_EQ(page["failed"][0]["name"], "gone");
  EXPECT_FALSE(page["warnings"].empty());
}

TEST(CommandReport, SettingsOfLogmeAreOfLogmeOnly) {
  CULOGME_NEEDS_PAGES();
  const Reported models({"a", "b"}, 60, 3);
  write_file(models.folder / "source.npy", read_file(models.labels));
  write_file(models.folder / "models.csv", "name,features,source_labels\na,0.npy,source.npy\nb,1.npy,source.npy\n");
  for (const char* measures : {"nce", "logme,nce"}) {
    const Outcome outcome = run({"rank", models.folder / "models.csv", "--labels", models.labels, "--measure", measures,
                                 "--report", models.page});
    ASSERT_EQ(outcome.code, 0) << outcome.text();
    const json page = page_json(models.page);
    const bool logme = std::string(measures).starts_with("logme");
    for (const char* key : {"procedure", "intercept"}) EXPECT_EQ(page.contains(key), logme) << key;
    EXPECT_EQ(page["rows"], 60);
  }
}

TEST(CommandReport, NothingInTheDataEndsItsScriptElement) {
  CULOGME_NEEDS_PAGES();
  const std::vector<std::string> names = {"</script><script>boom()</script>",
                                          "<!-- <script>",
                                          "&lt;\"'`",
                                          "\xff\xfe not UTF-8",
                                          "line\nbreak\x01",
                                          std::string(5000, 'n')};
  const Reported models(names, 60, 3);
  ASSERT_EQ(models.report().code, 0);
  const std::string text = read_file(models.page), start = "<script type=\"application/json\" id=\"data\">";
  const std::size_t first = text.find(start) + start.size();
  const std::string inside = text.substr(first, text.find("</script>", first) - first);
  EXPECT_EQ(inside.find_first_of("<>&"), std::string::npos);
  for (const char c : inside) ASSERT_GE(static_cast<unsigned char>(c), 0x20U);
  const json page = json::parse(inside);
  std::vector<std::string> found;
  for (const json& model : page["models"]) found.push_back(model["name"]);
  for (const std::string& name : {names[0], names[1], names[2], names[5]})
    EXPECT_EQ(std::count(found.begin(), found.end(), name), 1) << name;
  EXPECT_EQ(std::count(found.begin(), found.end(), "line?break?"), 1);
  // Nothing else in the page comes from the data.
  EXPECT_EQ(text.find("boom"), first + inside.find("boom"));
}

TEST(CommandReport, AsksForNothingFromOutside) {
  CULOGME_NEEDS_PAGES();
  const Reported models({"a", "b"}, 60, 3);
  ASSERT_EQ(models.report().code, 0);
  const std::string text = read_file(models.page);
  EXPECT_NE(text.find("content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline';"),
            std::string::npos);
  for (const char* part : {"<link", "<img", "<iframe", "@import", "url(", "<script src"})
    EXPECT_EQ(text.find(part), std::string::npos) << part;
  EXPECT_NE(text.find("Redistribution"), std::string::npos) << "the licence of the library is missing";
}

TEST(CommandReport, AppearsWholeOrNotAtAll) {
  CULOGME_NEEDS_PAGES();
  const Reported models({"a", "b"}, 60, 3);
  std::vector<std::string> words = models.arguments;
  words.insert(words.end(), {"--report", models.folder / "no/such/page.html"});
  expect_error(run(words), 3, {"no/such/page.html"});

  Surroundings full;
  full.file_size_limit = 20000;
  words.back() = models.page;
  const std::vector<std::string> before = models.folder.names();
  const Outcome outcome = run(words, full);
  EXPECT_EQ(outcome.code, 3) << outcome.text();
  EXPECT_NE(outcome.err.find("page.html"), std::string::npos) << outcome.text();
  EXPECT_EQ(models.folder.names(), before);

  words.back() = models.folder / "0.npy";
  expect_error(run(words), 2, {"--report", "0.npy would replace the input"});
  words.back() = "-";
  expect_error(run(words), 2, {"--report is -, expected the name of a file"});
  words.back() = "";
  expect_error(run(words), 2, {"--report is empty, expected the name of a file"});
  words.back() = models.page;
  words.insert(words.end(),
               {"--output", models.folder / "../" + std::filesystem::path(models.folder.path()).filename().string() +
                                "/page.html"});
  expect_error(run(words), 2, {"--output and --report name the same file"});
}

TEST(CommandReport, IsRefusedInABuildWithout) {
  if (makes_pages()) {
    EXPECT_NE(run({"info"}).out.find("rank --report  D3 "), std::string::npos);
    return;
  }
  const Reported models({"a", "b"}, 60, 3);
  expect_error(models.report(), 2, {"--report needs a culogme that was built with the chart library D3"});
  EXPECT_FALSE(std::filesystem::exists(models.page));
  EXPECT_NE(run({"info"}).out.find("rank --report  not available: built without D3"), std::string::npos);
}

}  // namespace
}  // namespace command_tests
