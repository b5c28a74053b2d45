// JSON text to request: nothing that a client sends crashes a decoder, and what is taken can be
// sent on as it came. The first byte chooses the operation.

#include <array>
#include <cstdint>
#include <string_view>

#include "base/invariant.h"
#include "dynakeep/database.h"
#include "wire/error_json.h"
#include "wire/message_json.h"

using namespace dynakeep;

namespace {

template <typename Request>
void decode_and_send_on(std::string_view json) {
  const auto request = wire::decode_message<Request>(json);
  if (!request) return;
  const auto sent = wire::encode_message(*request);
  if (!sent) return;  // an item that cannot be
  const auto again = wire::decode_message<Request>(*sent);
  INVARIANT(again.has_value());
  const auto sent_again = wire::encode_message(*again);
  INVARIANT(sent_again && *sent_again == *sent);
}

constexpr auto operations = std::to_array<void (*)(std::string_view)>({
    decode_and_send_on<PutItemRequest>,
    decode_and_send_on<GetItemRequest>,
    decode_and_send_on<UpdateItemRequest>,
    decode_and_send_on<DeleteItemRequest>,
    decode_and_send_on<QueryRequest>,
    decode_and_send_on<ScanRequest>,
    decode_and_send_on<BatchGetItemRequest>,
    decode_and_send_on<BatchWriteItemRequest>,
    decode_and_send_on<TransactGetItemsRequest>,
    decode_and_send_on<TransactWriteItemsRequest>,
    decode_and_send_on<CreateTableRequest>,
    decode_and_send_on<UpdateTableRequest>,
    decode_and_send_on<ListTablesRequest>,
    decode_and_send_on<TagResourceRequest>,
});

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view json(reinterpret_cast<const char*>(data) + 1, size - 1);
  operations[data[0] % operations.size()](json);
  (void)wire::decode_error(400, json);
  return 0;
}
