#include "engine/operations/delete_table.h"

#include "engine/engine.h"
#include "engine/operations/describe_table.h"
#include "engine/table_definition.h"

namespace dynakeep::engine {

Result<DeleteTableResult> delete_table(const Engine& engine, const DeleteTableRequest& request) {
  TRY(check_table_name(request.table_name));
  const TablePointer last =
      TRY(engine.catalog.drop(*request.table_name, [](const Table& table) -> Result<void> {
        if (!table.deletion_protection) return {};
        return Error::validation(
            "Resource cannot be deleted as it is currently protected against deletion. Disable "
            "deletion protection first.");
      }));
  // Of a table that is going DynamoDB tells little more than its name.
  const TableDescription described = describe(*last, TableStatus::deleting);
  DeleteTableResult result{
      .table_description = {.table_name = described.table_name,
                            .table_status = described.table_status,
                            .provisioned_throughput = described.provisioned_throughput,
                            .table_size_bytes = described.table_size_bytes,
                            .item_count = described.item_count,
                            .table_arn = described.table_arn,
                            .table_id = described.table_id,
                            .billing_mode_summary = described.billing_mode_summary,
                            .table_class_summary = described.table_class_summary,
                            .deletion_protection_enabled = described.deletion_protection_enabled}};
  TRY(settle(engine, engine.catalog.position()));
  return result;
}

}  // namespace dynakeep::engine
