#include "services/versioned_collections/request_body.h"

#include <string>
#include <string_view>
#include <utility>

#include "http/content_coding.h"
#include "http/media_type.h"

namespace dynakeep::services::collections {
namespace {

constexpr std::string_view json = "application/json";
constexpr std::string_view merge_patch = "application/merge-patch+json";
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

ParsedBody refused(int status, std::string message) {
  return {.status = status, .message = std::move(message)};
}

ParsedBody parse_text(std::string_view text, BodyType type) {
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  if (text.empty() && type == BodyType::json) return {};
  auto document = JsonDocument::parse(text);
  if (!document) return refused(400, document.error().message());
  if (type == BodyType::json && !document->is_object() && !document->is_array()) {
    return refused(400, "the body must be a JSON object or array");
  }
  return {.document = std::move(*document)};
}

}  // namespace

ParsedBody parse_body(const http::HttpRequest& request, BodyType type, std::size_t bytes_max) {
  const bool is_patch = type == BodyType::merge_patch;
  if (request.body.empty() && !is_patch) return {};
  const auto media =
      http::parse_media_type(request.headers.find("content-type").value_or(std::string_view()));
  if (!media || media->type != (is_patch ? merge_patch : json)) {
    if (!is_patch) return {};
    return refused(415, "a patch is " + std::string(merge_patch));
  }
  if (media->charset && *media->charset != "utf-8" && *media->charset != "utf8") {
    return refused(415, "unsupported charset \"" + *media->charset + "\"");
  }
  const auto field = request.headers.find("content-encoding").value_or(std::string_view());
  const auto coding = http::parse_content_coding(field);
  if (!coding) return refused(415, "unsupported content encoding");
  if (*coding == http::ContentCoding::identity) {
    if (request.body.size() > bytes_max) return refused(413, "request entity too large");
    return parse_text(request.body, type);
  }
  const http::DecodedBody decoded = http::decode_body(request.body, *coding, bytes_max);
  if (decoded.failure == http::DecodeFailure::too_large) {
    return refused(413, "request entity too large");
  }
  if (decoded.failure) return refused(400, "the body is not " + std::string(field));
  return parse_text(decoded.bytes, type);
}

}  // namespace dynakeep::services::collections
