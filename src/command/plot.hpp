#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "rank_report.hpp"

namespace culogme::command {

enum class PlotFormat : std::uint8_t { svg, png };

/// Of the file's ending. Throws UsageError.
PlotFormat plot_format(const std::string& path);

/// The path of gnuplot, which draws; empty where PATH has none.
std::string find_plotter();

/// The same, or UsageError.
std::string require_plotter();

inline constexpr std::size_t plotted_models = 100;

/// The bytes of a picture by gnuplot: the ranking by the first measure as points with error bars, best first, at most
/// `plotted_models` of it; names and values beside the points. Throws Error with what gnuplot complained about,
/// Interrupted.
std::string draw_plot(const std::string& plotter, const RankReport& report, PlotFormat format);

}  // namespace culogme::command
