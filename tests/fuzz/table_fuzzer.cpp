#include "fuzz/support.hpp"

namespace {

// Runs a reader; refusals must be errors of the library.
template <class Read>
void run(Read read) {
  try {
    read();
  } catch (const culogme::Error& error) {
    culogme::fuzz::check_message(error);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const culogme::fuzz::MemoryFile file(data, size);
  run([&] {
    const culogme::Table table = culogme::read_table(file.path());
    if (table.values.size() != table.columns.size()) __builtin_trap();
    for (const auto& column : table.values) {
      if (column.size() != table.rows.size()) __builtin_trap();
    }
  });
  run([&] { culogme::read_manifest(file.path()); });
  run([&] { culogme::read_classes(file.path()); });
  culogme::fuzz::read_as(file.path() + ":label", {});
  return 0;
}
