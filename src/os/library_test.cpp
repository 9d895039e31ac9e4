#include "os/library.h"

#include <gtest/gtest.h>

namespace driftwood::os {
namespace {

#ifdef __APPLE__
constexpr const char* kMath = "libm.dylib";
#else
constexpr const char* kMath = "libm.so.6";
#endif

TEST(Library, gives_functions_by_name) {
  auto library = Library::open(kMath);
  ASSERT_TRUE(library) << library.error().message();
  auto symbol = library->find("hypot");
  ASSERT_TRUE(symbol) << symbol.error().message();
  EXPECT_EQ(reinterpret_cast<double (*)(double, double)>(*symbol)(3, 4), 5);
}

TEST(Library, names_a_library_that_is_not_there) {
  auto library = Library::open("libdriftwood_is_not_there.so");
  ASSERT_FALSE(library);
  EXPECT_EQ(library.error().code(), ErrorCode::not_found);
  EXPECT_NE(library.error().message().find("libdriftwood_is_not_there.so"), std::string::npos);
}

TEST(Library, names_a_symbol_that_is_not_there) {
  auto library = Library::open(kMath);
  ASSERT_TRUE(library);
  auto symbol = library->find("driftwood_is_not_there");
  ASSERT_FALSE(symbol);
  EXPECT_EQ(symbol.error().code(), ErrorCode::not_found);
}

}  // namespace
}  // namespace driftwood::os
