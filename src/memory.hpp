#pragma once

#include <cstddef>
#include <string>

namespace culogme::detail {

/// Bytes that this process can still allocate: what the machine has free, cut by the process's address-space limit and
/// the control group's memory limit.
double available_memory();

/// "12.8 GB", "640 MB", "96 bytes".
std::string byte_text(double bytes);

/// Throws OutOfMemory when `bytes` are more than is available; `what` starts the sentence: "statistics of 40000
/// columns".
void require_memory(double bytes, const std::string& what);

}  // namespace culogme::detail
