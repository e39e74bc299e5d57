#include <memory>

#include <nlohmann/json.hpp>

#include <culogme/engine.hpp>
#include <culogme/version.hpp>

#include "measures.hpp"
#include "options.hpp"
#include "output.hpp"
#include "plot.hpp"
#include "report_page.hpp"
#include "subcommand.hpp"

namespace culogme::command {
namespace {

/// The engine that a command without options would use; info is where users look when there is none.
struct DefaultEngine {
  std::string description;  ///< or why there is none
  int threads = 0;          ///< 0: there is none
  std::size_t workspace = 0;
};

DefaultEngine default_engine() {
  try {
    const Engine engine{EngineOptions{}};
    return {engine.description(), engine.threads(), engine.workspace_limit()};
  } catch (const Error& error) {
    return {error.what(), 0, 0};
  }
}

std::string info_table(const std::vector<BackendInfo>& backends, const DefaultEngine& engine) {
  TextTable table({Align::left, Align::left});
  table.add({"culogme", version()});
  table.add({"engine", (engine.threads > 0 ? "" : "none: ") + engine.description});
  if (engine.threads > 0) {
    table.add({"threads", std::to_string(engine.threads)});
    table.add({"workspace", fixed(static_cast<double>(engine.workspace) / (1 << 20), 0) + " MiB"});
  }
  for (const BackendInfo& info : backends) {
    table.add({backend_name(info.backend),
               info.available ? "available: " + info.description : "not available: " + info.reason});
    // One device that can be used is in the description already.
    if (info.devices.size() > 1 || (!info.devices.empty() && !info.available))
      for (const std::string& device : info.devices) table.add({"  device", device});
    if (!info.blas.empty()) table.add({"  BLAS", info.blas});
    if (!info.kernel.empty()) table.add({"  kernel", info.kernel});
    if (!info.hint.empty()) table.add({"  hint", info.hint});
  }
  std::string measures;
  for (const std::string& name : available_measures()) measures += (measures.empty() ? "" : ", ") + name;
  table.add({"measures", measures});
  const std::string page = page_library(), plotter = find_plotter();
  table.add({"rank --report", page.empty() ? "not available: built without D3 (Debian's package node-d3)" : page});
  table.add(
      {"rank --plot", plotter.empty() ? "not available: PATH has no gnuplot (Debian's package gnuplot-nox)" : plotter});
  return table.text();
}

/// What draws pictures, where it is there.
nlohmann::ordered_json picture_json(const char* key, const std::string& name) {
  nlohmann::ordered_json object = {{"available", !name.empty()}};
  if (!name.empty()) object[key] = name;
  return object;
}

nlohmann::ordered_json info_json(const std::vector<BackendInfo>& backends, const DefaultEngine& engine) {
  nlohmann::ordered_json object = {{"command", "info"}, {"version", version()}};
  if (engine.threads > 0) {
    object["engine"] = engine.description;
    object["threads"] = engine.threads;
    object["workspace"] = engine.workspace;
  } else {
    object["engine"] = nullptr;
    object["reason"] = engine.description;
    object["threads"] = nullptr;
  }
  object["measures"] = available_measures();
  object["report"] = picture_json("library", page_library());
  object["plot"] = picture_json("program", find_plotter());
  object["backends"] = nlohmann::ordered_json::array();
  for (const BackendInfo& info : backends) {
    nlohmann::ordered_json entry = {{"name", backend_name(info.backend)}, {"available", info.available}};
    if (!info.reason.empty()) entry["reason"] = info.reason;
    if (!info.description.empty()) entry["description"] = info.description;
    if (!info.devices.empty()) entry["devices"] = info.devices;
    if (!info.blas.empty()) entry["blas"] = info.blas;
    if (!info.kernel.empty()) entry["kernel"] = info.kernel;
    if (!info.hint.empty()) entry["hint"] = info.hint;
    object["backends"].push_back(std::move(entry));
  }
  return object;
}

std::string info_csv(const std::vector<BackendInfo>& backends) {
  std::string text = "name,available,description,blas,kernel,reason\n";
  for (const BackendInfo& info : backends) {
    text += std::string(backend_name(info.backend)) + "," + (info.available ? "true" : "false") + "," +
            csv_field(info.description) + "," + csv_field(info.blas) + "," + csv_field(info.kernel) + "," +
            csv_field(info.reason) + "\n";
  }
  return text;
}

int run_info(const OutputOptions& options) {
  Output output(options);
  const std::vector<BackendInfo> backends = backend_info();
  switch (options.format) {
    case Format::table:
      output.write(info_table(backends, default_engine()));
      break;
    case Format::json:
      output.write(json_text(info_json(backends, default_engine())));
      break;
    case Format::csv:
      output.write(info_csv(backends));
      break;
  }
  return ExitCode::done;
}

}  // namespace

Run setup_info(CLI::App& app) {
  const auto options = std::make_shared<OutputOptions>();
  add_output_options(app, *options);
  app.footer(
      "Examples:\n"
      "  culogme info\n"
      "  culogme info --format json");
  return [options] { return run_info(*options); };
}

}  // namespace culogme::command
