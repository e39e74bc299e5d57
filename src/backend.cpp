#include "backend.hpp"

#include <culogme/error.hpp>

namespace culogme::detail {
namespace {

[[noreturn]] void no_triangles() { throw InvalidArgument("precision svd is not there on CUDA devices: use the CPU"); }

}  // namespace

void Backend::read(const void*, std::size_t, std::size_t, std::int64_t, void*) {
  throw InvalidArgument("the engine is on the CPU, which has no device memory");
}

std::unique_ptr<Triangle> Backend::make_triangle(std::int64_t, std::vector<std::string>, const TriangleOptions&) {
  no_triangles();
}
std::unique_ptr<AnySpectrum> Backend::triangle_spectrum(Triangle&) { no_triangles(); }
std::unique_ptr<AnySpectrum> Backend::dual_triangle_spectrum(const MatrixView&, const TargetView&,
                                                             const std::vector<std::string>&, Task, bool) {
  no_triangles();
}

}  // namespace culogme::detail
