#include "cuda/buffer.hpp"

#include <culogme/error.hpp>

#include "cuda/check.hpp"
#include "cuda/context.hpp"
#include "cuda/device.hpp"
#include "memory.hpp"

namespace culogme::detail {

DeviceBytes::DeviceBytes(CudaContext& context, double bytes, const std::string& what)
    : context_(&context), data_(context.allocate(bytes, what)), bytes_(static_cast<std::size_t>(bytes)) {}

void DeviceBytes::release() noexcept {
  if (data_ != nullptr) context_->free(data_);
  data_ = nullptr;
}

PinnedBytes::PinnedBytes(std::size_t bytes, const std::string& what) : bytes_(bytes) {
  if (const cudaError_t status = cudaMallocHost(&data_, bytes); status != cudaSuccess) {
    cudaGetLastError();
    data_ = nullptr;
    if (status != cudaErrorMemoryAllocation) throw_cuda(status, "cudaMallocHost", __FILE__, __LINE__);
    throw OutOfMemory("out of page-locked host memory: " + byte_text(static_cast<double>(bytes)) + " (" +
                      std::to_string(bytes) + " bytes) asked for " + what);
  }
}

PinnedBytes& PinnedBytes::operator=(PinnedBytes&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

PinnedBytes::~PinnedBytes() {
  if (data_ != nullptr && !in_forked_child() && cudaFreeHost(data_) != cudaSuccess) cudaGetLastError();
}

Event::Event(bool timed) {
  CULOGME_CHECK(cudaEventCreateWithFlags(&event_, timed ? cudaEventDefault : cudaEventDisableTiming));
}

Event& Event::operator=(Event&& other) noexcept {
  std::swap(event_, other.event_);
  return *this;
}

Event::~Event() {
  if (event_ != nullptr && !in_forked_child() && cudaEventDestroy(event_) != cudaSuccess) cudaGetLastError();
}

void Event::record(cudaStream_t stream) { CULOGME_CHECK(cudaEventRecord(event_, stream)); }
void Event::hold(cudaStream_t stream) const { CULOGME_CHECK(cudaStreamWaitEvent(stream, event_, 0)); }
void Event::wait() const { CULOGME_CHECK(cudaEventSynchronize(event_)); }

double Event::seconds_since(const Event& start) const {
  float milliseconds = 0;
  CULOGME_CHECK(cudaEventElapsedTime(&milliseconds, start.event_, event_));
  return static_cast<double>(milliseconds) / 1e3;
}

}  // namespace culogme::detail
