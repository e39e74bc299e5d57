#pragma once

namespace culogme::command {

/// Makes SIGINT, SIGTERM and SIGHUP end the process in order: calls that wait return early, `interrupted` turns true,
/// and if the main thread has not returned after two seconds (a decomposition cannot be stopped), or on a second
/// signal, the temporary files are removed and the process ends. Signals ignored by the parent stay ignored.
/// Call once, first thing in the main thread.
void install_signal_handlers();

bool interrupted() noexcept;

/// Throws Interrupted if a signal came.
void check_interrupted();

/// Writes "culogme: interrupted" unless that was done already, and tells the watcher that the process is ending.
void report_interrupted() noexcept;

}  // namespace culogme::command
