#include "plot_text.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "io/text.hpp"
#include "output.hpp"

namespace culogme::command {
namespace {

/// The characters, each of some bytes; what is no character becomes the one that stands for such.
std::vector<std::string> characters(const std::string& text) {
  std::vector<std::string> list;
  for (const char c : printable(text)) {
    const bool continues = (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
    if (!continues || list.empty()) list.emplace_back();
    list.back() += c;
  }
  for (std::string& character : list)
    if (!detail::valid_utf8(character)) character = "\xEF\xBF\xBD";
  return list;
}

/// From U+1100 on; which of those are narrow matters little for the room of a name. Three bytes begin at U+0800, and
/// those below U+1100 with 0xE0 or 0xE1 0x80 to 0xE1 0x83.
std::size_t columns_of(const std::string& character) {
  return character >= "\xE1\x84" && character != "\xE2\x80\xA6" && character != "\xEF\xBF\xBD" ? 2 : 1;
}

/// One text without its middle. `share` of what is left comes from its beginning.
std::string without_middle(const std::vector<std::string>& text, std::size_t room, double share) {
  const auto limit = static_cast<std::size_t>(std::lround(share * static_cast<double>(room - 1)));
  std::string head, tail;
  std::size_t taken = 0, first = 0;
  for (; first < text.size() && taken + columns_of(text[first]) <= limit; ++first) {
    head += text[first];
    taken += columns_of(text[first]);
  }
  for (std::size_t last = text.size(); last > first && taken + columns_of(text[last - 1]) <= room - 1; --last) {
    tail.insert(0, text[last - 1]);
    taken += columns_of(text[last - 1]);
  }
  return head + "\xE2\x80\xA6" + tail;
}

void replace_element(std::string& svg, const std::string& tag, const std::string& text) {
  const std::string open = "<" + tag + ">";
  const std::size_t first = svg.find(open), end = svg.find("</" + tag + ">");
  if (first == std::string::npos || end == std::string::npos || end < first) return;
  svg.replace(first + open.size(), end - first - open.size(), markup_text(text));
}

/// The texts of the multiples of `step` in a range, all with as many digits.
std::vector<Tick> multiples(double low, double high, double step, int digits) {
  std::vector<Tick> ticks;
  for (double k = std::ceil(low / step); k * step <= high; k += 1) {
    const double at = k * step;
    // Beyond these the digits after the point are too many or none are right.
    const bool plain = digits <= 9 && std::fabs(at) < 1e9;
    std::string text = plain ? fixed(at, digits) : general(at, 6);
    ticks.push_back({at, std::move(text)});
    if (ticks.size() > 100 || k + 1 == k) break;
  }
  return ticks;
}

}  // namespace

std::size_t text_columns(const std::string& text) {
  std::size_t columns = 0;
  for (const std::string& character : characters(text)) columns += columns_of(character);
  return columns;
}

std::string drawable(const std::string& text) {
  std::string clean;
  for (const std::string& character : characters(text)) clean += character;
  return clean;
}

std::vector<std::string> shortened(const std::vector<std::string>& names, std::size_t room) {
  const std::size_t different = std::set<std::string>(names.begin(), names.end()).size();
  std::vector<std::string> best;
  std::size_t most = 0;
  for (const double share : {0.5, 0.25, 0.75, 0.0, 1.0}) {
    std::vector<std::string> texts;
    for (const std::string& name : names)
      texts.push_back(text_columns(name) <= room ? drawable(name) : without_middle(characters(name), room, share));
    const std::size_t count = std::set<std::string>(texts.begin(), texts.end()).size();
    if (count > most) {
      most = count;
      best = std::move(texts);
    }
    if (most == different) break;
  }
  return best;
}

std::vector<Tick> axis_ticks(double low, double high, double room) {
  constexpr int most = 8, apart = 3;
  int power = static_cast<int>(std::floor(std::log10((high - low) / most)));
  for (std::vector<Tick> before;; ++power) {
    for (const double digit : {1.0, 2.0, 5.0}) {
      const double step = digit * std::pow(10.0, power);
      if ((high - low) / step > most) continue;
      std::vector<Tick> ticks = multiples(low, high, step, std::max(0, -power));
      std::size_t widest = 0;
      for (const Tick& tick : ticks) widest = std::max(widest, text_columns(tick.text));
      // Too few say nothing: rather the last ones that were too wide, at their ends.
      if (ticks.size() < 2) {
        if (before.size() < 2) return ticks;
        return {before.front(), before.back()};
      }
      if (step / (high - low) * room >= static_cast<double>(widest + apart)) return ticks;
      before = std::move(ticks);
    }
  }
}

std::string described(std::string svg, const std::string& title, const std::string& description) {
  // Titles further in are gnuplot's names of the groups of points.
  const std::string open = "<title>", close = "</title>";
  for (std::size_t at; (at = svg.rfind(open)) != svg.find(open);)
    svg.erase(at, svg.find(close, at) + close.size() - at);
  replace_element(svg, "title", title);
  replace_element(svg, "desc", description);
  return svg;
}

}  // namespace culogme::command
