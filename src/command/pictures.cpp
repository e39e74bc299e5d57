#include "pictures.hpp"

#include <array>
#include <cstddef>
#include <filesystem>
#include <utility>

#include "atomic_file.hpp"
#include "output.hpp"
#include "plot.hpp"
#include "report_page.hpp"

namespace culogme::command {
namespace {

/// Two results in one file would leave the later one only.
void check_apart(const std::array<std::pair<std::string, std::string>, 3>& results) {
  for (std::size_t i = 0; i < results.size(); ++i) {
    for (std::size_t k = i + 1; k < results.size(); ++k) {
      if (results[i].second.empty() || results[k].second.empty()) continue;
      std::error_code error;
      if (std::filesystem::weakly_canonical(results[i].second, error) ==
          std::filesystem::weakly_canonical(results[k].second, error))
        throw UsageError(results[i].first + " and " + results[k].first + " name the same file " + results[i].second);
    }
  }
}

}  // namespace

void add_picture_options(CLI::App& app, PictureOptions& options) {
  add_file_option(
      app, "--report", options.report,
      "Also write one HTML page about the ranking, its classes, spectra and timings, that needs no network");
  add_file_option(app, "--plot", options.plot, "Also draw the ranking into FILE.svg or FILE.png (needs gnuplot)");
}

Pictures::Pictures(const PictureOptions& options, const OutputOptions& output, const std::vector<std::string>& inputs)
    : options_(options) {
  if (!options.report.empty()) require_page_library();
  if (!options.plot.empty()) {
    plot_format(options.plot);
    plotter_ = require_plotter();
  }
  check_replaces("--report", options.report, inputs);
  check_replaces("--plot", options.plot, inputs);
  check_apart({{{"--output", output.file}, {"--report", options.report}, {"--plot", options.plot}}});
  if (!options.report.empty()) report_ = std::make_unique<detail::AtomicFile>(options.report);
  if (!options.plot.empty()) plot_ = std::make_unique<detail::AtomicFile>(options.plot);
}

Pictures::~Pictures() = default;

void Pictures::write(const RankReport& report) {
  if (report_) {
    report_->write(report_page(report));
    report_->commit();
  }
  if (plot_) {
    plot_->write(draw_plot(plotter_, report, plot_format(options_.plot)));
    plot_->commit();
  }
}

}  // namespace culogme::command
