#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace culogme::command {

/// Room that a text takes, in characters of the Latin script; those of East Asia take two.
std::size_t text_columns(const std::string& text);

/// Printable text in valid UTF-8, which SVG has to be.
std::string drawable(const std::string& text);

/// Drawable names that take at most `room` columns: the middle of longer ones is left out, at the place where most of
/// those that differ still do.
std::vector<std::string> shortened(const std::vector<std::string>& names, std::size_t room);

struct Tick {
  double at = 0;
  std::string text;
};

/// Round numbers from `low` to `high`, few enough that their texts stand apart on an axis with room for so many
/// columns.
std::vector<Tick> axis_ticks(double low, double high, double room);

/// The SVG with another title and description, which screen readers say; gnuplot's name itself there.
std::string described(std::string svg, const std::string& title, const std::string& description);

}  // namespace culogme::command
