// --plot: pictures by gnuplot, and what happens where it is missing or fails.

#include <filesystem>
#include <regex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "browser.hpp"
#include "report_files.hpp"

namespace command_tests {
namespace {

bool has_gnuplot() { return run({"info", "--format", "json"}).json()["plot"]["available"]; }

#define CULOGME_NEEDS_GNUPLOT() \
  if (!has_gnuplot()) GTEST_SKIP() << "there is no gnuplot here (scripts/setup installs it)"

Outcome plot(const Reported& models, const std::string& file, const Surroundings& surroundings = {}) {
  std::vector<std::string> words = models.arguments;
  words.insert(words.end(), {"--plot", file});
  return run(words, surroundings);
}

/// Every '<' opens, closes or ends a tag, tags nest, and every '&' begins an entity.
void expect_well_formed(const std::string& xml) {
  std::vector<std::string> open;
  for (std::size_t at = 0; at < xml.size(); ++at) {
    if (xml[at] == '&') {
      const std::string entity = xml.substr(at, xml.find(';', at) - at);
      EXPECT_TRUE(entity == "&lt" || entity == "&gt" || entity == "&amp" || entity == "&quot" || entity == "&apos" ||
                  entity.starts_with("&#"))
          << entity.substr(0, 40);
    }
    if (xml[at] != '<') continue;
    const bool comment = xml.compare(at, 4, "<!--") == 0, data = xml.compare(at, 9, "<![CDATA[") == 0;
    const std::size_t end = comment ? xml.find("-->", at) : data ? xml.find("]]>", at) : xml.find('>', at);
    ASSERT_NE(end, std::string::npos);
    const std::string tag = xml.substr(at + 1, end - at - 1);
    const bool special = comment || data || tag[0] == '?' || tag[0] == '!';
    if (!special && tag[0] == '/') {
      ASSERT_FALSE(open.empty()) << tag;
      EXPECT_EQ(open.back(), tag.substr(1, tag.find_last_not_of(" \n\t")));
      open.pop_back();
    } else if (!special && !tag.ends_with("/")) {
      open.push_back(tag.substr(0, tag.find_first_of(" \n\t")));
    }
    at = end;
  }
  EXPECT_TRUE(open.empty());
}

/// Filled ones, and hollow ones of models that are tied with the best.
int points(const std::string& svg) {
  return count(svg, "<use xlink:href='#gpPt6' transform") + count(svg, "<use xlink:href='#gpPt5' transform");
}

TEST(CommandPlot, SvgHasAPointForEachModel) {
  CULOGME_NEEDS_GNUPLOT();
  const Reported models({"alpha", "beta", "gamma"}, 60, 3);
  const std::string file = models.folder / "plot.svg";
  const Outcome outcome = plot(models, file);
  ASSERT_EQ(outcome.code, 0) << outcome.text();
  EXPECT_EQ(outcome.err, "");
  const std::string svg = read_file(file);
  EXPECT_EQ(points(svg), 3);
  for (const char* name : {"alpha", "beta", "gamma", "Ranking by logme"})
    EXPECT_NE(svg.find(name), std::string::npos) << name;
  expect_well_formed(svg);
}

/// Names that all begin and some that all end alike, too long for any picture.
std::vector<std::string> long_names(const std::string& front, const std::string& back) {
  std::vector<std::string> names;
  for (const char* own : {"Zero", "One", "Two", "Three", "Four"}) names.push_back(front + own + back);
  return names;
}

TEST(CommandPlot, LongNamesStayDifferent) {
  CULOGME_NEEDS_GNUPLOT();
  const std::string same(70, 'x');
  for (const std::vector<std::string>& names : {long_names(same, ""), long_names("", same), long_names("a_", same)}) {
    const Reported models(names, 60, 3);
    const std::string file = models.folder / "plot.svg";
    ASSERT_EQ(plot(models, file).code, 0);
    const std::string svg = read_file(file), drawn = svg.substr(svg.find("</desc>"));
    for (const char* own : {"Zero", "One", "Two", "Three", "Four"}) EXPECT_EQ(count(drawn, own), 1) << names.front();
    EXPECT_EQ(count(drawn, "\xE2\x80\xA6"), 5);
    EXPECT_EQ(count(drawn, same), 0);
  }
}

TEST(CommandPlot, TextsStandApartAndInThePicture) {
  CULOGME_NEEDS_GNUPLOT();
  const Reported models(long_names(std::string(70, 'x'), ""), 60, 3);
  const std::string file = models.folder / "plot.svg";
  ASSERT_EQ(plot(models, file).code, 0);
  const std::string svg = read_file(file);
  const std::regex centred(
      "translate\\(([0-9.]+),([0-9.]+)\\)\"[^>]*text-anchor=\"middle\">\\s*<text>(?:<tspan[^>]*>)?([^<]*)<");
  constexpr double width = 900, character = 8.4;
  double end = 0, line = 0;
  int texts = 0;
  for (std::sregex_iterator at(svg.begin(), svg.end(), centred), none; at != none; ++at, ++texts) {
    const double middle = std::stod((*at)[1]), half = character / 2 * static_cast<double>((*at)[3].length());
    EXPECT_GE(middle - half, std::stod((*at)[2]) == line ? end : 0) << at->str();
    EXPECT_LE(middle + half, width) << at->str();
    end = middle + half;
    line = std::stod((*at)[2]);
  }
  EXPECT_GE(texts, 2 + 2);  // title, name of the axis, and two ticks at least
}

TEST(CommandPlot, IsDescribedForThoseWhoCannotSeeIt) {
  CULOGME_NEEDS_GNUPLOT();
  const std::string whole = "<b> & " + std::string(70, 'x');
  const Reported models({"alpha", whole}, 60, 3);
  const std::string file = models.folder / "plot.svg";
  ASSERT_EQ(plot(models, file).code, 0);
  const std::string svg = read_file(file);
  EXPECT_EQ(count(svg, "<title>"), 1);
  EXPECT_NE(svg.find("<title>Ranking by logme, best first</title>"), std::string::npos);
  EXPECT_NE(svg.find("<desc>logme, higher is better. 1. alpha: "), std::string::npos);
  EXPECT_NE(svg.find(" 2. &lt;b&gt; &amp; " + whole.substr(6) + ": "), std::string::npos);
  EXPECT_EQ(svg.find("GNUPLOT"), std::string::npos);
}

TEST(CommandPlot, PngIsWhole) {
  CULOGME_NEEDS_GNUPLOT();
  const Reported models({"alpha", "beta"}, 60, 3);
  const std::string file = models.folder / "plot.png";
  ASSERT_EQ(plot(models, file).code, 0);
  const std::string png = read_file(file);
  EXPECT_EQ(png.substr(0, 8), "\x89PNG\r\n\x1a\n");
  EXPECT_EQ(png.substr(png.size() - 8, 4), "IEND");
  EXPECT_EQ(png.substr(16, 4), std::string("\x00\x00\x07\x08", 4));  // 1800 pixels wide
}

TEST(CommandPlot, HostileNamesAreText) {
  CULOGME_NEEDS_GNUPLOT();
  const Reported models({"'; system 'touch owned'; '", "`touch owned`", "@owned $owned \\n %s", "</svg><script>",
                         "a_b^c{d}", std::string(3000, 'n'), "nl\nend\nEND", "模型", "\xff"},
                        60, 3);
  const std::string file = models.folder / "plot.svg";
  const Outcome outcome = plot(models, file);
  ASSERT_EQ(outcome.code, 0) << outcome.text();
  const std::string svg = read_file(file);
  EXPECT_EQ(points(svg), 9);
  EXPECT_EQ(svg.find("<script>"), std::string::npos);
  EXPECT_NE(svg.find("a_b^c{d}"), std::string::npos);
  EXPECT_NE(svg.find("`touch owned`"), std::string::npos);
  EXPECT_EQ(svg.find(std::string(100, 'n'), svg.find("</desc>")), std::string::npos);
  EXPECT_EQ(svg.find('\xff'), std::string::npos) << "no UTF-8";
  expect_well_formed(svg);
  EXPECT_FALSE(std::filesystem::exists("owned"));
}

TEST(CommandPlot, LongRankingsAreCutAndSaySo) {
  CULOGME_NEEDS_GNUPLOT();
  std::vector<std::string> names;
  for (int k = 0; k < 103; ++k) names.emplace_back("m").append(std::to_string(k));
  const Reported models(names, 30, 3);
  const std::string file = models.folder / "plot.svg";
  ASSERT_EQ(plot(models, file).code, 0);
  EXPECT_EQ(points(read_file(file)), 100);
  EXPECT_NE(read_file(file).find("(100 of 103 models)"), std::string::npos);
}

TEST(CommandPlot, OfNothingButUnboundedOrFailedModels) {
  CULOGME_NEEDS_GNUPLOT();
  Reported models({"a"}, 60, 3);
  std::vector<double> answers;
  for (int i = 0; i < 60; ++i)
    for (int k = 0; k < 3; ++k) answers.push_back(i % 3 == k ? 1 : 0);
  write_file(models.folder / "exact.npy", npy(answers, 60, 3));
  models.arguments.back() = "exact=" + (models.folder / "exact.npy");
  const std::string file = models.folder / "plot.svg";
  Outcome outcome = plot(models, file);
  ASSERT_EQ(outcome.code, 0) << outcome.text();
  EXPECT_NE(read_file(file).find("exact"), std::string::npos);
  EXPECT_NE(read_file(file).find("inf"), std::string::npos);
  models.arguments.back() = "gone=" + (models.folder / "gone.npy");
  outcome = plot(models, models.folder / "none.svg");
  EXPECT_EQ(outcome.code, 1) << outcome.text();
  expect_well_formed(read_file(models.folder / "none.svg"));
}

TEST(CommandPlot, OtherEndingsAreRefused) {
  const Reported models({"a", "b"}, 60, 3);
  expect_error(plot(models, models.folder / "plot.pdf"), 2, {"plot.pdf", ".svg or .png"});
}

TEST(CommandPlot, NeedsTheNameOfAFile) {
  const Reported models({"a", "b"}, 60, 3);
  expect_error(plot(models, "-"), 2, {"--plot is -, expected the name of a file"});
  expect_error(plot(models, ""), 2, {"--plot is empty, expected the name of a file"});
}

TEST(CommandPlot, IsRefusedWithoutGnuplot) {
  const Reported models({"a", "b"}, 60, 3);
  Surroundings bare;
  bare.environment = {"PATH=" + models.folder.path()};
  expect_error(plot(models, models.folder / "plot.svg", bare), 2, {"--plot needs the program gnuplot"});
  EXPECT_FALSE(std::filesystem::exists(models.folder / "plot.svg"));
  EXPECT_NE(run({"info"}, bare).out.find("rank --plot    not available: PATH has no gnuplot"), std::string::npos);
}

TEST(CommandPlot, AGnuplotThatFailsIsQuoted) {
  const Reported models({"a", "b"}, 60, 3);
  const Folder tools;
  Surroundings broken;
  broken.environment = {"PATH=" + tools.path()};
  for (const char* ending : {"echo half; echo no terminal svg >&2; exit 1", "echo no terminal svg >&2; exit 0",
                             "echo no terminal svg >&2; kill -9 $$"}) {
    write_file(tools / "gnuplot", "#!/bin/sh\n" + std::string(ending) + "\n");
    std::filesystem::permissions(tools / "gnuplot", std::filesystem::perms::owner_all);
    const Outcome outcome = plot(models, models.folder / "plot.svg", broken);
    EXPECT_EQ(outcome.code, 1) << outcome.text();
    EXPECT_NE(outcome.err.find("gnuplot drew nothing for --plot: no terminal svg"), std::string::npos) << outcome.err;
    EXPECT_FALSE(std::filesystem::exists(models.folder / "plot.svg")) << ending;
  }
}

}  // namespace
}  // namespace command_tests
