#include "fuzz/support.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using culogme::Task;
  const culogme::fuzz::MemoryFile file(data, size);
  culogme::LabelOptions options;
  culogme::fuzz::read_as(file.path(), options);
  for (const Task task : {Task::classification, Task::regression, Task::multilabel}) {
    options.task = task;
    culogme::fuzz::read_as(file.path(), options);
  }
  options.task = Task::classification;
  options.ignore_label = {"-1", "nan", "x"};
  culogme::fuzz::read_as(file.path(), options);
  options.classes = {"0", "1", "2"};
  culogme::fuzz::read_as(file.path(), options);
  return 0;
}
