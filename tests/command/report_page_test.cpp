// --report in headless Chromium: it draws, complains about nothing, and can be read by keyboard and on a telephone.

#include <iterator>
#include <regex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "browser.hpp"
#include "report_files.hpp"

namespace command_tests {
namespace {

constexpr int desktop = 1280, telephone = 390, narrowest = 320;

void expect_drawn(const Browsed& page) {
  EXPECT_EQ(page.console, "");
  EXPECT_EQ(root_value(page, "faults"), "0");
  EXPECT_EQ(root_value(page, "drawn"), "yes");
}

int marks(const Browsed& page, const std::string& kind) { return count(page.document, "data-mark=\"" + kind + "\""); }

TEST(CommandReportPage, AFaultShows) {
  CULOGME_NEEDS_BROWSER();
  CULOGME_NEEDS_PAGES();
  const Reported models({"a", "b"}, 60, 3);
  ASSERT_EQ(models.report().code, 0);
  const Browsed page = browse(models.page, desktop, "throw new Error('on purpose');");
  EXPECT_EQ(root_value(page, "faults"), "1");
  EXPECT_NE(page.console.find("on purpose"), std::string::npos) << page.console;
}

TEST(CommandReportPage, HasAMarkForEachNumber) {
  CULOGME_NEEDS_BROWSER();
  CULOGME_NEEDS_PAGES();
  const Reported models({"a", "b", "c", "d", "e"}, 120, 3);
  write_file(models.folder / "accuracies.csv", "name,finetuned\na,0.9\nb,0.8\nc,0.85\nd,0.5\n");
  ASSERT_EQ(models.report({"--accuracies", models.folder / "accuracies.csv"}).code, 0);
  for (const int width : {desktop, telephone}) {
    const Browsed page = browse(models.page, width);
    expect_drawn(page);
    EXPECT_EQ(marks(page, "model"), 5);
    EXPECT_EQ(marks(page, "score"), 5);
    EXPECT_EQ(marks(page, "whisker"), 5);
    EXPECT_EQ(marks(page, "accuracy"), 4);
    EXPECT_EQ(marks(page, "spectrum"), 5);
    EXPECT_EQ(marks(page, "gamma"), 5);
    EXPECT_EQ(marks(page, "timing"), 5);
    EXPECT_NE(page.document.find("data-rows=\"5\" data-columns=\"3\""), std::string::npos);
    EXPECT_NE(page.document.find("<title>a ranks first by logme</title>"), std::string::npos);
    EXPECT_EQ(count(page.document, "<tr class=\""), 5 + 3);  // models and classes
    EXPECT_NE(page.document.find("Weighted Kendall τ"), std::string::npos);
  }
}

TEST(CommandReportPage, WithoutAccuraciesHasNoSuchSection) {
  CULOGME_NEEDS_BROWSER();
  CULOGME_NEEDS_PAGES();
  const Reported models({"a", "b"}, 60, 3);
  ASSERT_EQ(models.report().code, 0);
  const Browsed page = browse(models.page, desktop);
  expect_drawn(page);
  EXPECT_NE(page.document.find("<section id=\"accuracy\" aria-labelledby=\"accuracy-title\" hidden=\"\">"),
            std::string::npos);
  EXPECT_EQ(marks(page, "accuracy"), 0);
}

/// The page with other fields of uncertainty in its data, the same in each model.
void set_uncertainty(const std::string& page, const std::string& fields) {
  const std::regex own(",\"standard_error\":[^,]*,\"beats_next\":[^,]*,\"tied_with_best\":(true|false)");
  const std::string text = read_file(page);
  EXPECT_EQ(std::distance(std::sregex_iterator(text.begin(), text.end(), own), std::sregex_iterator()), 3);
  write_file(page, std::regex_replace(text, own, fields));
}

TEST(CommandReportPage, DrawsUncertaintyWhereItIsKnown) {
  CULOGME_NEEDS_BROWSER();
  CULOGME_NEEDS_PAGES();
  const Reported models({"a", "b", "c"}, 60, 3);
  ASSERT_EQ(models.report().code, 0);
  EXPECT_EQ(marks(browse(models.page, desktop), "whisker"), 3);
  set_uncertainty(models.page, ",\"standard_error\":0.05,\"beats_next\":0.75,\"tied_with_best\":true");
  const Browsed page = browse(models.page, desktop);
  expect_drawn(page);
  EXPECT_EQ(marks(page, "whisker"), 3);
  EXPECT_EQ(count(page.document, "<tr class=\"tied\">"), 3);
  for (const char* heading : {"Standard error", "Beats next", "Tied with best"})
    EXPECT_NE(page.document.find(std::string(">").append(heading).append("</th>")), std::string::npos) << heading;
  EXPECT_NE(page.document.find("above the next one with probability 0.75"), std::string::npos);
  EXPECT_NE(page.document.find("not told from 2 other models"), std::string::npos);
  ASSERT_EQ(models.report().code, 0);
  set_uncertainty(models.page, "");
  EXPECT_EQ(browse(models.page, desktop).document.find(">Standard error</th>"), std::string::npos);
}

TEST(CommandReportPage, HostileNamesAreText) {
  CULOGME_NEEDS_BROWSER();
  CULOGME_NEEDS_PAGES();
  const std::vector<std::string> names = {"</script><script>document.title='owned'</script>",
                                          "<img src=x onerror=alert(1)>",
                                          "\"><svg onload=alert(2)>",
                                          "&amp; '",
                                          "{{data}} {{script}} <!--",
                                          "模型 \xE2\x80\xAE"
                                          "abc",
                                          std::string(5000, 'n')};
  const Reported models(names, 60, 3);
  // Names with an equals sign come from a manifest only.
  std::string manifest = "name,features\n";
  for (std::size_t k = 0; k < names.size(); ++k) {
    manifest += '"';
    for (const char c : names[k]) manifest += c == '"' ? "\"\"" : std::string(1, c);
    manifest.append("\",").append(std::to_string(k)).append(".npy\n");
  }
  write_file(models.folder / "models.csv", manifest);
  const Outcome outcome =
      run({"rank", models.folder / "models.csv", "--labels", models.labels, "--report", models.page});
  ASSERT_EQ(outcome.code, 0) << outcome.text();
  for (const int width : {desktop, telephone}) {
    const Browsed page =
        browse(models.page, width,
               "const d = document; d.documentElement.dataset.images = d.images.length;"
               "d.documentElement.dataset.scripts = d.scripts.length;"
               "d.documentElement.dataset.handlers = d.querySelectorAll('[onerror],[onload]').length;");
    expect_drawn(page);
    EXPECT_EQ(root_value(page, "images"), "0");
    EXPECT_EQ(root_value(page, "scripts"), "4");  // data, library, the page's own, and this one
    EXPECT_EQ(root_value(page, "handlers"), "0");
    EXPECT_EQ(page.document.find("<title>owned"), std::string::npos);
    EXPECT_NE(page.document.find("&lt;img src=x onerror=alert(1)&gt;"), std::string::npos);
    EXPECT_EQ(marks(page, "score"), 7);
  }
}

TEST(CommandReportPage, FitsATelephone) {
  CULOGME_NEEDS_BROWSER();
  CULOGME_NEEDS_PAGES();
  const Reported models({"a", std::string(300, 'w'), "c"}, 60, 3);
  write_file(models.folder / "accuracies.csv", "name," + std::string(200, 'z') + "\na,0.9\nc,0.8\n");
  ASSERT_EQ(models.report({"--accuracies", models.folder / "accuracies.csv"}).code, 0);
  for (const int width : {telephone, narrowest}) {
    const Browsed page = browse(models.page, width,
                                "const e = document.documentElement; e.dataset.width = e.clientWidth;"
                                "e.dataset.overflow = e.scrollWidth - e.clientWidth;");
    expect_drawn(page);
    EXPECT_EQ(root_value(page, "width"), std::to_string(width));
    EXPECT_EQ(root_value(page, "overflow"), "0");
  }
}

/// Scores that differ in their sixth digit, so that the texts at the axes are long.
void set_close_scores(const std::string& page) {
  const std::string text = read_file(page);
  std::string changed;
  int models = 0;
  const std::regex own("\"values\":\\[[^,\\]]*\\],\"status\"");
  auto rest = text.cbegin();
  for (std::sregex_iterator at(text.begin(), text.end(), own), none; at != none; ++at, ++models) {
    changed.append(rest, (*at)[0].first).append("\"values\":[-1.33352" + std::to_string(9 - models) + "],\"status\"");
    rest = (*at)[0].second;
  }
  EXPECT_EQ(models, 3);
  write_file(page, changed.append(rest, text.cend()));
}

TEST(CommandReportPage, TextsOfAxesAreWholeAndApart) {
  CULOGME_NEEDS_BROWSER();
  CULOGME_NEEDS_PAGES();
  const Reported models({"a", "b", "c"}, 60, 3);
  write_file(models.folder / "accuracies.csv", "name,finetuned\na,0.9\nb,0.8\nc,0.7\n");
  ASSERT_EQ(models.report({"--accuracies", models.folder / "accuracies.csv"}).code, 0);
  set_uncertainty(models.page, "");
  set_close_scores(models.page);
  const std::string script =
      "const root = document.documentElement.dataset; let cut = 0, over = [], seen = 0;"
      "const boxes = (nodes) => [...nodes].filter((n) => n.textContent)"
      "  .map((n) => Object.assign(n.getBoundingClientRect(), { text: n.textContent }));"
      "const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;"
      "for (const svg of document.querySelectorAll('.chart svg')) { const all = svg.getBoundingClientRect();"
      "  for (const one of boxes(svg.querySelectorAll('text'))) {"
      "    seen += 1; cut += one.left < all.left - 0.5 || one.right > all.right + 0.5 ? 1 : 0; }"
      "  const texts = boxes(svg.querySelectorAll('.axis text, text.soft[transform*=rotate]'));"
      "  texts.forEach((one, i) => texts.slice(0, i).forEach((other) => {"
      "    if (meet(one, other)) over.push(other.text + ' over ' + one.text); })); }"
      "root.cut = cut; root.over = over.join(', ') || 'none'; root.seen = seen > 40 ? 'many' : seen;";
  for (const int width : {desktop, telephone, narrowest}) {
    const Browsed page = browse(models.page, width, script);
    expect_drawn(page);
    EXPECT_NE(page.document.find("1.333528"), std::string::npos) << "no long texts";
    EXPECT_EQ(root_value(page, "seen"), "many");
    EXPECT_EQ(root_value(page, "cut"), "0") << width;
    EXPECT_EQ(root_value(page, "over"), "none") << width;
  }
}

TEST(CommandReportPage, LongNamesStayDifferent) {
  CULOGME_NEEDS_BROWSER();
  CULOGME_NEEDS_PAGES();
  const std::string same(70, 'w');
  const Reported models({same + "one", same + "two", same + "three", same + "four"}, 60, 3);
  ASSERT_EQ(models.report().code, 0);
  const std::string script =
      "const root = document.documentElement.dataset;"
      "const different = (what) => new Set([...document.querySelectorAll(what)].map((n) => n.textContent)).size;"
      "root.names = ['ranking', 'classes', 'gamma', 'timings'].map((id) =>"
      "  different(`#${id}-chart [data-mark=name]`)).join(' ') + ' ' + different('#spectrum-legend bdi');"
      "root.ranks = [...document.querySelectorAll('#ranking-chart [data-mark=model]')].map((row) =>"
      "  row.querySelector('text').textContent).join(' ');"
      "root.cut = [...document.querySelectorAll('#ranking-table bdi, #spectrum-legend bdi')].filter((n) =>"
      "  n.scrollWidth > n.clientWidth + 1 && getComputedStyle(n).overflow !== 'visible').length;";
  for (const int width : {desktop, telephone}) {
    const Browsed page = browse(models.page, width, script);
    expect_drawn(page);
    EXPECT_EQ(root_value(page, "names"), "4 4 4 4 4") << width;
    EXPECT_EQ(root_value(page, "ranks"), "1 2 3 4") << width;
    EXPECT_EQ(root_value(page, "cut"), "0") << width;
  }
}

TEST(CommandReportPage, IsWalkedByKeyboard) {
  CULOGME_NEEDS_BROWSER();
  CULOGME_NEEDS_PAGES();
  const Reported models({"first", "second", "third"}, 60, 3);
  ASSERT_EQ(models.report().code, 0);
  const std::string script =
      "const press = (key) => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));"
      "const said = () => document.activeElement.getAttribute('aria-label');"
      "const root = document.documentElement.dataset;"
      "const stops = (id) => document.querySelectorAll(`#${id} svg [tabindex=\"0\"]`).length;"
      "root.stops = stops('ranking-chart') + ' ' + stops('spectrum-chart') + ' ' + stops('timings-chart');"
      "document.querySelector('#ranking-chart [tabindex=\"0\"]').focus(); root.start = said();"
      "press('ArrowDown'); root.down = said(); press('End'); root.end = said(); press('ArrowRight'); root.past = "
      "said();"
      "root.after = stops('ranking-chart'); root.tip = document.getElementById('tip').textContent;"
      "const map = document.querySelector('#classes-chart [role=application]'); map.focus();"
      "press('ArrowDown'); press('End'); root.cell = document.getElementById('classes-status').textContent;";
  const Browsed page = browse(models.page, desktop, script);
  expect_drawn(page);
  EXPECT_EQ(root_value(page, "stops"), "1 1 1");
  EXPECT_EQ(root_value(page, "start").find("1. first: logme "), 0U) << root_value(page, "start");
  EXPECT_EQ(root_value(page, "down").find("2. second: logme "), 0U);
  EXPECT_EQ(root_value(page, "end").find("3. third: logme "), 0U);
  EXPECT_EQ(root_value(page, "past"), root_value(page, "end"));
  EXPECT_EQ(root_value(page, "after"), "1");
  EXPECT_EQ(root_value(page, "tip"), root_value(page, "end"));
  EXPECT_EQ(root_value(page, "cell").find("second, class "), 0U) << root_value(page, "cell");
}

TEST(CommandReportPage, StaysUsableWithManyModelsAndClasses) {
  CULOGME_NEEDS_BROWSER();
  CULOGME_NEEDS_PAGES();
  std::vector<std::string> names;
  for (int k = 0; k < 50; ++k) names.emplace_back("model").append(std::to_string(k));
  const Reported models(names, 1000, 1000);
  ASSERT_EQ(models.report().code, 0);
  const Browsed page = browse(models.page, desktop);
  expect_drawn(page);
  EXPECT_EQ(marks(page, "score"), 50);
  const std::size_t at = page.document.find("data-rows=\"50\" data-columns=\"");
  ASSERT_NE(at, std::string::npos);
  const int columns = std::stoi(page.document.substr(at + 29));
  EXPECT_GE(columns, 100);
  EXPECT_LE(columns, desktop / 5);
  EXPECT_NE(page.document.find("1,000 classes in all"), std::string::npos);
  EXPECT_LT(page.document.size(), 3'000'000U);
}

TEST(CommandReportPage, UnboundedScoresAreDrawnApart) {
  CULOGME_NEEDS_BROWSER();
  CULOGME_NEEDS_PAGES();
  Reported models({"a", "b"}, 60, 3);
  std::vector<double> answers;  // the classes themselves
  for (int i = 0; i < 60; ++i)
    for (int k = 0; k < 3; ++k) answers.push_back(i % 3 == k ? 1 : 0);
  write_file(models.folder / "exact.npy", npy(answers, 60, 3));
  models.arguments.push_back("exact=" + (models.folder / "exact.npy"));
  ASSERT_EQ(models.report().code, 0);
  const Browsed page = browse(models.page, desktop);
  expect_drawn(page);
  EXPECT_EQ(marks(page, "model"), 3);
  EXPECT_EQ(marks(page, "score"), 2);
  EXPECT_EQ(marks(page, "unbounded"), 1);
  EXPECT_NE(page.document.find("1. exact: logme unbounded"), std::string::npos);
  EXPECT_NE(page.document.find("Violet: unbounded."), std::string::npos);
}

TEST(CommandReportPage, OfModelsThatAllFailedStillOpens) {
  CULOGME_NEEDS_BROWSER();
  CULOGME_NEEDS_PAGES();
  Reported models({"a"}, 60, 3);
  models.arguments.back() = "gone=" + (models.folder / "gone.npy");
  EXPECT_NE(models.report().code, 0);
  const Browsed page = browse(models.page, desktop);
  expect_drawn(page);
  EXPECT_NE(page.document.find("No model could be scored."), std::string::npos);
}

TEST(CommandReportPage, OfMeasuresWithoutLogme) {
  CULOGME_NEEDS_BROWSER();
  CULOGME_NEEDS_PAGES();
  const Reported models({"a", "b"}, 60, 3);
  write_file(models.folder / "source.npy", read_file(models.labels));
  write_file(models.folder / "models.csv", "name,features,source_labels\na,0.npy,source.npy\nb,1.npy,source.npy\n");
  const Outcome outcome = run(
      {"rank", models.folder / "models.csv", "--labels", models.labels, "--measure", "nce", "--report", models.page});
  ASSERT_EQ(outcome.code, 0) << outcome.text();
  const Browsed page = browse(models.page, desktop);
  expect_drawn(page);
  EXPECT_EQ(marks(page, "model"), 2);
  EXPECT_NE(page.document.find("<dt>Rows</dt>"), std::string::npos);
  for (const char* of_logme : {"<dt>Procedure</dt>", "<dt>Intercept</dt>"})
    EXPECT_EQ(page.document.find(of_logme), std::string::npos) << of_logme;
}

TEST(CommandReportPage, OfOneRegressionTarget) {
  CULOGME_NEEDS_BROWSER();
  CULOGME_NEEDS_PAGES();
  const Reported models({"a", "b"}, 60, 3);
  std::string responses;
  for (int i = 0; i < 60; ++i) responses += std::to_string(i % 3) + "." + std::to_string(i % 7) + "\n";
  write_file(models.folder / "y.txt", responses);
  std::vector<std::string> words = models.arguments;
  words[2] = models.folder / "y.txt";
  words.insert(words.end(), {"--task", "regression", "--report", models.page});
  const Outcome outcome = run(words);
  ASSERT_EQ(outcome.code, 0) << outcome.text();
  const Browsed page = browse(models.page, desktop);
  expect_drawn(page);
  EXPECT_NE(page.document.find("Evidence by target"), std::string::npos);
  EXPECT_EQ(page.document.find("data-columns"), std::string::npos);
}

}  // namespace
}  // namespace command_tests
