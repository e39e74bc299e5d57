#include "measures.hpp"

#include <algorithm>
#include <sstream>

#include "errors.hpp"

namespace culogme::command {

const std::vector<std::string>& available_measures() {
  static const std::vector<std::string> names = {"logme", "leep", "nce"};
  return names;
}

std::vector<std::string> parse_measures(const std::string& list) {
  const std::vector<std::string>& known = available_measures();
  std::vector<std::string> measures;
  std::istringstream stream(list);
  for (std::string name; std::getline(stream, name, ',');) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      std::string all;
      for (const std::string& each : known) all += (all.empty() ? "" : ", ") + each;
      throw UsageError("--measure: \"" + name + "\" is not available in this version, available: " + all);
    }
    if (std::find(measures.begin(), measures.end(), name) == measures.end()) measures.push_back(name);
  }
  if (measures.empty()) throw UsageError("--measure: the list is empty, expected names such as " + known.front());
  return measures;
}

}  // namespace culogme::command
