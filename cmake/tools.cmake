# Tools that make the daily build quicker. None of them is required.

if(NOT CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(DYNAKEEP_CCACHE ccache)
  if(DYNAKEEP_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${DYNAKEEP_CCACHE})
  endif()
endif()

find_program(DYNAKEEP_MOLD mold)
if(DYNAKEEP_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
