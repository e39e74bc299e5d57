#pragma once

#include <memory>
#include <string>
#include <vector>

#include "options.hpp"
#include "rank_report.hpp"

namespace culogme::detail {
class AtomicFile;
}

namespace culogme::command {

struct PictureOptions {
  std::string report;  ///< a page; empty: none
  std::string plot;    ///< the ranking alone, .svg or .png; empty: none
};

/// --report, --plot
void add_picture_options(CLI::App& app, PictureOptions& options);

/// The page and the plot of a ranking.
class Pictures {
 public:
  /// Makes the files ready before the work starts. Throws UsageError where this build or machine cannot draw what was
  /// asked for, or where a file would replace an input or another result; FileError.
  Pictures(const PictureOptions& options, const OutputOptions& output, const std::vector<std::string>& inputs);
  ~Pictures();

  /// The page draws spectra.
  bool needs_eigenvalues() const { return report_ != nullptr; }

  /// Throws FileError, Error (gnuplot), Interrupted.
  void write(const RankReport& report);

 private:
  PictureOptions options_;
  std::string plotter_;
  std::unique_ptr<detail::AtomicFile> report_, plot_;
};

}  // namespace culogme::command
