#pragma once

#include <map>
#include <string>
#include <string_view>

#include "dynakeep/result.h"

namespace dynakeep::remote {

// The texts of an XML document by the names of the elements around them, for the few answers of
// STS: "ErrorResponse/Error/Code" -> "AccessDenied". Only elements without elements inside are
// there; of two in one place, the first. Attributes are passed over, namespaces and prefixes not
// looked at.
//
// Strict, and no more of XML than STS writes: one root, tags that match, the five named entities
// and numeric ones, nesting to 16. Refused with unavailable: all else, among it DOCTYPE, CDATA,
// comments, processing instructions after the first, and other encodings than UTF-8.
Result<std::map<std::string, std::string, std::less<>>> read_xml_texts(std::string_view xml);

}  // namespace dynakeep::remote
