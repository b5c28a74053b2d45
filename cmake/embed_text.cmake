# Writes OUTPUT, a C++ file that defines NAME, "a::b::c", as the text of INPUT. See
# project_embed_text().
file(READ "${INPUT}" text)
string(REGEX MATCH "^(.*)::([^:]+)$" matched "${NAME}")
file(WRITE "${OUTPUT}" "#include <string_view>
namespace ${CMAKE_MATCH_1} {
extern const std::string_view ${CMAKE_MATCH_2};
const std::string_view ${CMAKE_MATCH_2} = R\"embedded(${text})embedded\";
}
")
