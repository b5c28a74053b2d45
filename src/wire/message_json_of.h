#pragma once

#include "wire/message_json.h"
#include "wire/shape.h"

// The bodies of message_json.h, for the files that hold the messages' shapes. Each ends with a
// DYNAKEEP_WIRE_MESSAGE for every message it describes.
namespace dynakeep::wire {

template <typename Message>
Result<Message> decode_message(std::string_view json) {
  Message message;
  if constexpr (requires { Shape<Message>::has_no_body; }) {
    if (json.empty()) return message;
  }
  const ParsedJson parsed(json);
  // DynamoDB says no more of such text.
  if (!parsed.is_valid()) return Error(ErrorCode::serialization, "");
  UnknownWords* unknown_words = nullptr;
  if constexpr (requires { message.unknown_words; }) unknown_words = &message.unknown_words;
  Decoder decoder(unknown_words);
  decoder.read(parsed.root(), message, Place::field);
  if (decoder.error()) return *decoder.error();
  return message;
}

template <typename Message>
Result<std::string> encode_message(const Message& message) {
  if constexpr (requires { Shape<Message>::has_no_body; }) return std::string();
  const UnknownWords* unknown_words = nullptr;
  if constexpr (requires { message.unknown_words; }) unknown_words = &message.unknown_words;
  Encoder encoder(unknown_words);
  encoder.write(message);
  if (encoder.refusal()) return Error::validation(encoder.refusal()->message);
  return std::move(encoder.out());
}

}  // namespace dynakeep::wire

// NOLINTBEGIN(cppcoreguidelines-macro-usage): explicit instantiations have no other form
#define DYNAKEEP_WIRE_MESSAGE(Message)                                     \
  template Result<Message> decode_message<Message>(std::string_view json); \
  template Result<std::string> encode_message<Message>(const Message& message)
// NOLINTEND(cppcoreguidelines-macro-usage)
