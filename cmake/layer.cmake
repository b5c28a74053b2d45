# How a folder becomes something built: layers, tests that cross layers, programs.

# For executables that only have to link.
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/empty_main.cpp CONTENT "int main() {}\n")

# project_layer(NAME [DEPENDS layer...] [LIBRARIES third-party-target...])
#
# Makes a folder of src/ a layer:
#   dynakeep_NAME    static library of all its .cpp files, at any depth; other layers depend on it
#                    by NAME. While the folder has no .cpp it is an INTERFACE library.
#   NAME_test        GoogleTest binary of all its *_test.cpp files, each case known to CTest
#   NAME_link_test   the whole library, what it declared, and an empty main: an undeclared edge
#                    does not link
#
# Files are found, not listed. DEPENDS names every layer it includes from, and nothing else.
function(project_layer NAME)
  cmake_parse_arguments(PARSE_ARGV 1 LAYER "" "" "DEPENDS;LIBRARIES")
  _project_find_sources(sources tests)
  list(TRANSFORM LAYER_DEPENDS PREPEND dynakeep_ OUTPUT_VARIABLE dependencies)

  set(library dynakeep_${NAME})
  if(sources)
    add_library(${library} STATIC ${sources})
    target_include_directories(${library} PUBLIC ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(${library} PUBLIC ${dependencies} ${LAYER_LIBRARIES}
                          PRIVATE project_compile_options)
    set_property(GLOBAL APPEND PROPERTY DYNAKEEP_LAYERS ${library})
  else()
    add_library(${library} INTERFACE)
    target_include_directories(${library} INTERFACE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(${library} INTERFACE ${dependencies} ${LAYER_LIBRARIES})
  endif()

  if(NOT DYNAKEEP_TESTS)
    return()
  endif()
  # A neighbour that has only headers yet has nothing to link.
  set(linkable ${sources})
  foreach(dependency IN LISTS dependencies)
    get_target_property(type ${dependency} TYPE)
    if(type STREQUAL "INTERFACE_LIBRARY")
      set(linkable "")
    endif()
  endforeach()
  if(linkable)
    add_executable(${NAME}_link_test ${PROJECT_BINARY_DIR}/empty_main.cpp)
    target_link_libraries(${NAME}_link_test
      PRIVATE $<LINK_LIBRARY:WHOLE_ARCHIVE,${library}> project_compile_options)
    add_test(NAME layers.${NAME}_links_with_its_declared_neighbours COMMAND ${NAME}_link_test)
  endif()
  if(tests)
    _project_add_gtest(${NAME}_test "" 300 ${tests})
    target_link_libraries(${NAME}_test PRIVATE ${library})
  endif()
endfunction()

# project_embed_text(NAME FILE VARIABLE)
#
# Puts the text of FILE, of this folder, into the layer NAME: where it is wanted, a header declares
# `extern const std::string_view VARIABLE` (which is named with its namespaces).
function(project_embed_text NAME FILE VARIABLE)
  set(input ${CMAKE_CURRENT_SOURCE_DIR}/${FILE})
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${FILE}.cpp)
  set(script ${PROJECT_SOURCE_DIR}/cmake/embed_text.cmake)
  cmake_path(GET output PARENT_PATH folder)
  file(MAKE_DIRECTORY ${folder})
  add_custom_command(OUTPUT ${output} DEPENDS ${input} ${script}
    COMMAND ${CMAKE_COMMAND} -DINPUT=${input} -DOUTPUT=${output} -DNAME=${VARIABLE} -P ${script}
    VERBATIM)
  target_sources(dynakeep_${NAME} PRIVATE ${output})
endfunction()

# project_tests(NAME [DEPENDS layer...] [LIBRARIES target...] [LABELS label...] [TIMEOUT seconds])
#
# One GoogleTest binary NAME of all .cpp files of the folder, at any depth, for tests that cross
# layers. It sees tests/support (if that has sources) and the layers it names. Cases labelled
# `slow` are left out of `./dev check`. TIMEOUT is for one case, 300 seconds unless said: it ends what
# hangs, and is at least ten times what the case takes, for the sake of slow machines.
function(project_tests NAME)
  cmake_parse_arguments(PARSE_ARGV 1 TESTS "" "TIMEOUT" "DEPENDS;LIBRARIES;LABELS")
  if(NOT TESTS_TIMEOUT)
    set(TESTS_TIMEOUT 300)
  endif()
  _project_find_sources(sources tests)
  list(TRANSFORM TESTS_DEPENDS PREPEND dynakeep_ OUTPUT_VARIABLE dependencies)
  if(sources OR tests)
    _project_add_gtest(${NAME} "${TESTS_LABELS}" ${TESTS_TIMEOUT} ${sources} ${tests})
    target_link_libraries(${NAME} PRIVATE dynakeep_test_support ${dependencies} ${TESTS_LIBRARIES})
  endif()
endfunction()

# project_executable(NAME [DEPENDS layer...] [LIBRARIES target...])
#
# One program NAME of all .cpp files of the folder, at any depth, with the layers it names.
function(project_executable NAME)
  cmake_parse_arguments(PARSE_ARGV 1 PROGRAM "" "" "DEPENDS;LIBRARIES")
  _project_find_sources(sources tests)
  list(TRANSFORM PROGRAM_DEPENDS PREPEND dynakeep_ OUTPUT_VARIABLE dependencies)
  if(sources)
    add_executable(${NAME} ${sources})
    target_link_libraries(${NAME} PRIVATE ${dependencies} ${PROGRAM_LIBRARIES} project_compile_options)
  endif()
endfunction()

# The .cpp files of the current folder, those named *_test.cpp apart.
function(_project_find_sources SOURCES TESTS)
  file(GLOB_RECURSE all CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  set(found_tests ${all})
  list(FILTER all EXCLUDE REGEX "_test\\.cpp$")
  list(FILTER found_tests INCLUDE REGEX "_test\\.cpp$")
  set(${SOURCES} ${all} PARENT_SCOPE)
  set(${TESTS} ${found_tests} PARENT_SCOPE)
endfunction()

function(_project_add_gtest NAME LABELS TIMEOUT)
  add_executable(${NAME} ${ARGN})
  target_link_libraries(${NAME} PRIVATE GTest::gmock GTest::gtest_main project_compile_options)
  set(properties TIMEOUT ${TIMEOUT})
  if(LABELS)
    list(APPEND properties LABELS "${LABELS}")
  endif()
  # PRE_TEST: cases are asked for when CTest runs, so building a sanitizer preset runs nothing.
  gtest_discover_tests(${NAME} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 300
                       WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} PROPERTIES ${properties})
endfunction()

# Adds each folder below the current one that has a CMakeLists.txt.
function(project_subfolders)
  file(GLOB lists CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*/CMakeLists.txt)
  foreach(list_file IN LISTS lists)
    cmake_path(GET list_file PARENT_PATH folder)
    add_subdirectory(${folder})
  endforeach()
endfunction()
