# Third parties. Which folder may link which is decided in the folders' project_layer() calls and
# checked by scripts/check_includes; docs/dependencies.md says why each is here.

find_package(Threads REQUIRED)
find_package(RocksDB REQUIRED)
find_package(simdjson REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
find_library(LIBDEFLATE deflate REQUIRED)  # linked by its name: Debian's has no CMake files
find_library(LIBRE2 re2 REQUIRED)         # likewise
find_library(LIBZSTD zstd REQUIRED)       # likewise
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)

if(DYNAKEEP_TESTS)
  find_package(GTest REQUIRED)
  include(GoogleTest)
endif()
if(DYNAKEEP_BENCH)
  find_package(benchmark REQUIRED)
endif()
