#include "aligned.hpp"

#include <sys/mman.h>

#include <new>

namespace culogme::detail {
namespace {

constexpr std::size_t cache_line = 64;
constexpr std::size_t huge_page = std::size_t{1} << 21;

/// Behind the last element: the dsymv of OpenBLAS's kernels for old processors and those it does not know (Core2,
/// Prescott; 0.3.21) touches up to 32 bytes behind the vector that it writes, which ends the process where the next
/// page is not there. Vectors that symv or sytrd write, workspaces too, are therefore aligned ones.
constexpr std::size_t touched_beyond = cache_line;

/// Below two huge pages the rounding would waste more than it saves.
std::align_val_t alignment_of(std::size_t bytes) {
  return std::align_val_t{bytes >= 2 * huge_page ? huge_page : cache_line};
}

}  // namespace

void* allocate_aligned(std::size_t bytes) {
  void* const memory = ::operator new(bytes + touched_beyond, alignment_of(bytes));
  // Advice only: where the system has no huge pages, small ones do.
  if (bytes >= 2 * huge_page) ::madvise(memory, bytes / huge_page * huge_page, MADV_HUGEPAGE);
  return memory;
}

void release_aligned(void* memory, std::size_t bytes) noexcept { ::operator delete(memory, alignment_of(bytes)); }

}  // namespace culogme::detail
