#pragma once

#include <cstddef>
#include <vector>

namespace culogme::detail {

/// Memory on cache-line boundaries; large blocks on boundaries of huge pages, which are asked for: products walk down
/// columns a page apart, and with small pages look up an address more often than they compute. Throws std::bad_alloc.
void* allocate_aligned(std::size_t bytes);
void release_aligned(void* memory, std::size_t bytes) noexcept;

/// Kernels of BLAS libraries treat the first elements of an unaligned vector apart, so the last digits would depend on
/// where the heap had room.
template <class T>
struct AlignedAllocator {
  using value_type = T;

  AlignedAllocator() = default;
  template <class U>
  AlignedAllocator(const AlignedAllocator<U>&) noexcept {}

  T* allocate(std::size_t count) { return static_cast<T*>(allocate_aligned(count * sizeof(T))); }
  void deallocate(T* memory, std::size_t count) noexcept { release_aligned(memory, count * sizeof(T)); }
  friend bool operator==(const AlignedAllocator&, const AlignedAllocator&) { return true; }
};

template <class T>
using AlignedVector = std::vector<T, AlignedAllocator<T>>;

/// Numbers that are not there yet: memory as allocate_aligned gives it, written before it is read. A vector would write
/// zeros first.
template <class T>
class AlignedBuffer {
 public:
  explicit AlignedBuffer(std::size_t count)
      : bytes_(count * sizeof(T)), data_(static_cast<T*>(allocate_aligned(bytes_))) {}
  ~AlignedBuffer() { release_aligned(data_, bytes_); }
  AlignedBuffer(const AlignedBuffer&) = delete;
  AlignedBuffer& operator=(const AlignedBuffer&) = delete;

  T* data() { return data_; }

 private:
  std::size_t bytes_;
  T* data_;
};

}  // namespace culogme::detail
