#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace culogme::command {

/// Runs a subcommand after its options were parsed; gives the exit code, errors are exceptions.
using Run = std::function<int()>;

/// Each declares the options and examples of one subcommand on `app` and gives what runs it. `app` outlives the result.
Run setup_score(CLI::App& app);
Run setup_rank(CLI::App& app);
Run setup_predict(CLI::App& app);
Run setup_stats_add(CLI::App& app);
Run setup_stats_merge(CLI::App& app);
Run setup_stats_subtract(CLI::App& app);
Run setup_stats_show(CLI::App& app);
Run setup_evaluate(CLI::App& app);
Run setup_info(CLI::App& app);

}  // namespace culogme::command
