# The one place for compiler flags. Everything of ours is compiled with project_compile_options;
# optimisation and debug information belong to the presets.

set(DYNAKEEP_SANITIZE "" CACHE STRING "Value of -fsanitize= for compiling and linking; empty for none")

add_library(project_compile_options INTERFACE)
target_compile_options(project_compile_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 sees overlapping copies in plain std::string concatenation (GCC bug 105651).
  target_compile_options(project_compile_options INTERFACE -Wno-restrict)
endif()

if(DYNAKEEP_SANITIZE)
  target_compile_options(project_compile_options INTERFACE
    -fsanitize=${DYNAKEEP_SANITIZE} -fno-sanitize-recover=undefined)
  target_link_options(project_compile_options INTERFACE -fsanitize=${DYNAKEEP_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Instrumentation hides initialisations from GCC's flow analysis.
    target_compile_options(project_compile_options INTERFACE
      -Wno-maybe-uninitialized -Wno-stringop-overflow)
  endif()
endif()
