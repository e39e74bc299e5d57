#pragma once

#include <cstdint>

#include <culogme/score.hpp>

#include "host_device.hpp"

namespace culogme::detail {

/// What the products inside a tile are taken in, from the most accurate on. From tf32 on the rows are rounded to 11
/// significant bits before (docs/numerics.md, "Tensor cores").
enum class Products : std::uint8_t { f64, f32, tf32, half };

CULOGME_HOST_DEVICE constexpr bool narrow_rows(Products products) { return products >= Products::tf32; }

/// Of a precision that is not left to us; singular values have none, and f64 stands for them.
constexpr Products products_of(Precision precision) {
  return precision == Precision::f32    ? Products::f32
         : precision == Precision::tf32 ? Products::tf32
         : precision == Precision::half ? Products::half
                                        : Products::f64;
}

constexpr Route gram_route(Products products) {
  return products == Products::f64    ? Route::gram_f64
         : products == Products::f32  ? Route::gram_f32
         : products == Products::tf32 ? Route::gram_tf32
                                      : Route::gram_half;
}

/// Of a route through a primal Gram matrix; the others have no coarse ones, and f64 stands for them.
constexpr Products products_of(Route route) {
  return route == Route::gram_f32    ? Products::f32
         : route == Route::gram_tf32 ? Products::tf32
         : route == Route::gram_half ? Products::half
                                     : Products::f64;
}

/// "f64", "f32", "tf32" or "half".
constexpr const char* products_name(Products products) {
  return products == Products::f64    ? "f64"
         : products == Products::f32  ? "f32"
         : products == Products::tf32 ? "tf32"
                                      : "half";
}

}  // namespace culogme::detail
