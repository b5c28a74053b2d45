#include "services/dismissals/api_description_text.h"

namespace dynakeep::services::dismissals {

// clang-format off

const std::string_view upstream_description = R"json({
 "openapi": "3.0.0",
 "info": {
  "title": "Dismissible",
  "description": "An API to handle dismissible items for users",
  "version": "1.0",
  "contact": {}},
 "tags": [],
 "servers": [],
 "paths": {
  "/health": {
   "get": {
    "operationId": "getHealth",
    "tags": ["Health"],
    "summary": "Tells that the service runs",
    "parameters": [],
    "responses": {
     "200": {
      "description": "It runs",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/HealthResponseDto"}}}}}}},
  "/v1/users/{userId}/items/{itemId}": {
   "get": {
    "operationId": "getOrCreate",
    "tags": ["Dismissible"],
    "summary": "Gets an item, and creates it the first time",
    "parameters": [
     {
      "name": "userId",
      "in": "path",
      "required": true,
      "description": "Whose items",
      "schema": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[A-Za-z0-9_-]+$"}},
     {
      "name": "itemId",
      "in": "path",
      "required": true,
      "description": "Which item",
      "schema": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[A-Za-z0-9_-]+$"}}],
    "responses": {
     "200": {
      "description": "The item",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/GetOrCreateResponseDto"}}}},
     "400": {
      "description": "The request is wrong, or does not fit the item's state",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponseDto"}}}},
     "401": {
      "description": "No token, or none that is good",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponseDto"}}}},
     "403": {
      "description": "Not this user's token, or refused by a hook",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponseDto"}}}},
     "429": {
      "description": "Too many requests; Retry-After says for how long",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ServerErrorResponseDto"}}}}}},
   "delete": {
    "operationId": "dismiss",
    "tags": ["Dismissible"],
    "summary": "Dismisses an item",
    "parameters": [
     {
      "name": "userId",
      "in": "path",
      "required": true,
      "description": "Whose items",
      "schema": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[A-Za-z0-9_-]+$"}},
     {
      "name": "itemId",
      "in": "path",
      "required": true,
      "description": "Which item",
      "schema": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[A-Za-z0-9_-]+$"}}],
    "responses": {
     "200": {
      "description": "The item, dismissed",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/DismissResponseDto"}}}},
     "400": {
      "description": "The request is wrong, or does not fit the item's state",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponseDto"}}}},
     "401": {
      "description": "No token, or none that is good",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponseDto"}}}},
     "403": {
      "description": "Not this user's token, or refused by a hook",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponseDto"}}}},
     "429": {
      "description": "Too many requests; Retry-After says for how long",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ServerErrorResponseDto"}}}}}},
   "post": {
    "operationId": "restore",
    "tags": ["Dismissible"],
    "summary": "Restores a dismissed item",
    "parameters": [
     {
      "name": "userId",
      "in": "path",
      "required": true,
      "description": "Whose items",
      "schema": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[A-Za-z0-9_-]+$"}},
     {
      "name": "itemId",
      "in": "path",
      "required": true,
      "description": "Which item",
      "schema": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[A-Za-z0-9_-]+$"}}],
    "responses": {
     "201": {
      "description": "The item, to be shown again",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/RestoreResponseDto"}}}},
     "400": {
      "description": "The request is wrong, or does not fit the item's state",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponseDto"}}}},
     "401": {
      "description": "No token, or none that is good",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponseDto"}}}},
     "403": {
      "description": "Not this user's token, or refused by a hook",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponseDto"}}}},
     "429": {
      "description": "Too many requests; Retry-After says for how long",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ServerErrorResponseDto"}}}}}}},
  "/v1/users/{userId}/items": {
   "post": {
    "operationId": "batchGetOrCreate",
    "tags": ["Dismissible"],
    "summary": "Gets up to 50 items, and creates those that are not there",
    "parameters": [
     {
      "name": "userId",
      "in": "path",
      "required": true,
      "description": "Whose items",
      "schema": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[A-Za-z0-9_-]+$"}}],
    "requestBody": {
     "required": true,
     "content": {"application/json": {"schema": {"$ref": "#/components/schemas/BatchGetOrCreateRequestDto"}}}},
    "responses": {
     "201": {
      "description": "The items, in the order of the request",
      "content": {
       "application/json": {"schema": {"$ref": "#/components/schemas/BatchGetOrCreateResponseDto"}}}},
     "400": {
      "description": "The request is wrong, or does not fit the item's state",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponseDto"}}}},
     "401": {
      "description": "No token, or none that is good",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponseDto"}}}},
     "403": {
      "description": "Not this user's token, or refused by a hook",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponseDto"}}}},
     "429": {
      "description": "Too many requests; Retry-After says for how long",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ServerErrorResponseDto"}}}}}}}},
 "components": {
  "schemas": {
   "HealthResponseDto": {
    "type": "object",
    "properties": {
     "status": {"type": "string", "example": "ok"},
     "timestamp": {"type": "string", "format": "date-time"}},
    "required": ["status", "timestamp"]},
   "DismissibleItemResponseDto": {
    "type": "object",
    "properties": {
     "itemId": {"type": "string", "description": "Which item", "example": "welcome-banner-v2"},
     "userId": {"type": "string", "description": "Whose", "example": "user-123"},
     "createdAt": {
      "type": "string",
      "description": "When it was first asked for (ISO 8601, UTC)",
      "example": "2024-01-15T10:30:00.000Z"},
     "dismissedAt": {
      "type": "string",
      "description": "When it was dismissed; absent while it is to be shown",
      "example": "2024-01-15T12:00:00.000Z"}},
    "required": ["itemId", "userId", "createdAt"]},
   "GetOrCreateResponseDto": {
    "type": "object",
    "properties": {"data": {"$ref": "#/components/schemas/DismissibleItemResponseDto"}},
    "required": ["data"]},
   "DismissResponseDto": {
    "type": "object",
    "properties": {"data": {"$ref": "#/components/schemas/DismissibleItemResponseDto"}},
    "required": ["data"]},
   "RestoreResponseDto": {
    "type": "object",
    "properties": {"data": {"$ref": "#/components/schemas/DismissibleItemResponseDto"}},
    "required": ["data"]},
   "BatchGetOrCreateRequestDto": {
    "type": "object",
    "properties": {
     "items": {
      "type": "array",
      "description": "Ids of 1 to 64 characters each",
      "minItems": 1,
      "maxItems": 50,
      "items": {"type": "string"}}},
    "required": ["items"]},
   "BatchGetOrCreateResponseDto": {
    "type": "object",
    "properties": {
     "data": {"type": "array", "items": {"$ref": "#/components/schemas/DismissibleItemResponseDto"}}},
    "required": ["data"]},
   "ErrorResponseDto": {
    "type": "object",
    "properties": {
     "error": {
      "type": "object",
      "properties": {"message": {"type": "string"}, "code": {"type": "number"}},
      "required": ["message", "code"]}},
    "required": ["error"]},
   "ServerErrorResponseDto": {
    "type": "object",
    "properties": {"statusCode": {"type": "number"}, "message": {"type": "string"}},
    "required": ["statusCode", "message"]}}}})json";

const std::string_view our_description = R"json({
 "paths": {
  "/health/ready": {
   "get": {
    "operationId": "getReadiness",
    "tags": ["Health"],
    "summary": "Tells whether the storage answers",
    "parameters": [],
    "responses": {
     "200": {
      "description": "It does",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/HealthResponseDto"}}}}}}},
  "/v1/users/{userId}/items/{itemId}": {
   "get": {
    "parameters": [
     {
      "name": "create",
      "in": "query",
      "required": false,
      "description": "false: what is not there is 404, and nothing is written",
      "schema": {"type": "boolean", "default": true}}]},
   "delete": {
    "parameters": [
     {
      "name": "idempotent",
      "in": "query",
      "required": false,
      "description": "true: what is dismissed already is no error",
      "schema": {"type": "boolean", "default": false}},
     {
      "name": "createMissing",
      "in": "query",
      "required": false,
      "description": "true: what is not there is created, dismissed",
      "schema": {"type": "boolean", "default": false}}],
    "requestBody": {
     "required": false,
     "content": {"application/json": {"schema": {"$ref": "#/components/schemas/SnoozeRequestDto"}}}}},
   "post": {
    "parameters": [
     {
      "name": "idempotent",
      "in": "query",
      "required": false,
      "description": "true: what is not dismissed is no error",
      "schema": {"type": "boolean", "default": false}}]}},
  "/v1/users/{userId}/items": {
   "get": {
    "operationId": "list",
    "tags": ["Extensions"],
    "summary": "Lists the user's items",
    "parameters": [
     {
      "name": "userId",
      "in": "path",
      "required": true,
      "description": "Whose items",
      "schema": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[A-Za-z0-9_-]+$"}},
     {
      "name": "state",
      "in": "query",
      "required": false,
      "description": "Only these",
      "schema": {"type": "string", "enum": ["active", "dismissed"]}},
     {
      "name": "prefix",
      "in": "query",
      "required": false,
      "description": "Only ids that begin with it",
      "schema": {"type": "string"}},
     {
      "name": "limit",
      "in": "query",
      "required": false,
      "description": "Of a page",
      "schema": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}},
     {
      "name": "cursor",
      "in": "query",
      "required": false,
      "description": "What the page before gave as nextCursor",
      "schema": {"type": "string"}}],
    "responses": {
     "200": {
      "description": "A page",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ListResponseDto"}}}},
     "400": {
      "description": "The request is wrong, or does not fit the item's state",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponseDto"}}}},
     "401": {
      "description": "No token, or none that is good",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponseDto"}}}},
     "403": {
      "description": "Not this user's token, or refused by a hook",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponseDto"}}}},
     "429": {
      "description": "Too many requests; Retry-After says for how long",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ServerErrorResponseDto"}}}}}},
   "delete": {
    "operationId": "erase",
    "tags": ["Extensions"],
    "summary": "Erases every record of the user",
    "parameters": [
     {
      "name": "userId",
      "in": "path",
      "required": true,
      "description": "Whose items",
      "schema": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[A-Za-z0-9_-]+$"}}],
    "responses": {
     "200": {
      "description": "How many there were",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/EraseResponseDto"}}}},
     "400": {
      "description": "The request is wrong, or does not fit the item's state",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponseDto"}}}},
     "401": {
      "description": "No token, or none that is good",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponseDto"}}}},
     "403": {
      "description": "Not this user's token, or refused by a hook",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponseDto"}}}},
     "429": {
      "description": "Too many requests; Retry-After says for how long",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ServerErrorResponseDto"}}}}}}},
  "/v1/users/{userId}/items/{itemId}/showings": {
   "post": {
    "operationId": "countShowing",
    "tags": ["Extensions"],
    "summary": "Counts one more time that the item was shown",
    "parameters": [
     {
      "name": "userId",
      "in": "path",
      "required": true,
      "description": "Whose items",
      "schema": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[A-Za-z0-9_-]+$"}},
     {
      "name": "itemId",
      "in": "path",
      "required": true,
      "description": "Which item",
      "schema": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[A-Za-z0-9_-]+$"}}],
    "responses": {
     "201": {
      "description": "The item",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/GetOrCreateResponseDto"}}}},
     "400": {
      "description": "The request is wrong, or does not fit the item's state",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponseDto"}}}},
     "401": {
      "description": "No token, or none that is good",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponseDto"}}}},
     "403": {
      "description": "Not this user's token, or refused by a hook",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponseDto"}}}},
     "429": {
      "description": "Too many requests; Retry-After says for how long",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ServerErrorResponseDto"}}}}}}},
  "/v1/users/{userId}/counts": {
   "get": {
    "operationId": "count",
    "tags": ["Extensions"],
    "summary": "Counts the user's items",
    "parameters": [
     {
      "name": "userId",
      "in": "path",
      "required": true,
      "description": "Whose items",
      "schema": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[A-Za-z0-9_-]+$"}}],
    "responses": {
     "200": {
      "description": "How many",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/CountsResponseDto"}}}},
     "400": {
      "description": "The request is wrong, or does not fit the item's state",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponseDto"}}}},
     "401": {
      "description": "No token, or none that is good",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponseDto"}}}},
     "403": {
      "description": "Not this user's token, or refused by a hook",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponseDto"}}}},
     "429": {
      "description": "Too many requests; Retry-After says for how long",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ServerErrorResponseDto"}}}}}}},
  "/v1/users/{userId}/restore": {
   "post": {
    "operationId": "restoreAll",
    "tags": ["Extensions"],
    "summary": "Restores all that is dismissed",
    "parameters": [
     {
      "name": "userId",
      "in": "path",
      "required": true,
      "description": "Whose items",
      "schema": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[A-Za-z0-9_-]+$"}},
     {
      "name": "prefix",
      "in": "query",
      "required": false,
      "description": "Only ids that begin with it",
      "schema": {"type": "string"}}],
    "responses": {
     "200": {
      "description": "How many were restored",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/RestoreAllResponseDto"}}}},
     "400": {
      "description": "The request is wrong, or does not fit the item's state",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponseDto"}}}},
     "401": {
      "description": "No token, or none that is good",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponseDto"}}}},
     "403": {
      "description": "Not this user's token, or refused by a hook",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponseDto"}}}},
     "429": {
      "description": "Too many requests; Retry-After says for how long",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ServerErrorResponseDto"}}}}}}},
  "/v1/users/{userId}/dismissals": {
   "post": {
    "operationId": "dismissMany",
    "tags": ["Extensions"],
    "summary": "Dismisses up to 50 items, each on its own",
    "parameters": [
     {
      "name": "userId",
      "in": "path",
      "required": true,
      "description": "Whose items",
      "schema": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[A-Za-z0-9_-]+$"}},
     {
      "name": "idempotent",
      "in": "query",
      "required": false,
      "description": "true: what is dismissed already is no error",
      "schema": {"type": "boolean", "default": false}},
     {
      "name": "createMissing",
      "in": "query",
      "required": false,
      "description": "true: what is not there is created, dismissed",
      "schema": {"type": "boolean", "default": false}}],
    "requestBody": {
     "required": true,
     "content": {"application/json": {"schema": {"$ref": "#/components/schemas/DismissManyRequestDto"}}}},
    "responses": {
     "200": {
      "description": "What became of each, in the order of the request",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/OutcomesResponseDto"}}}},
     "400": {
      "description": "The request is wrong, or does not fit the item's state",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponseDto"}}}},
     "401": {
      "description": "No token, or none that is good",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponseDto"}}}},
     "403": {
      "description": "Not this user's token, or refused by a hook",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponseDto"}}}},
     "429": {
      "description": "Too many requests; Retry-After says for how long",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ServerErrorResponseDto"}}}}}}},
  "/v1/users/{userId}/restorations": {
   "post": {
    "operationId": "restoreMany",
    "tags": ["Extensions"],
    "summary": "Restores up to 50 items, each on its own",
    "parameters": [
     {
      "name": "userId",
      "in": "path",
      "required": true,
      "description": "Whose items",
      "schema": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[A-Za-z0-9_-]+$"}},
     {
      "name": "idempotent",
      "in": "query",
      "required": false,
      "description": "true: what is not dismissed is no error",
      "schema": {"type": "boolean", "default": false}}],
    "requestBody": {
     "required": true,
     "content": {"application/json": {"schema": {"$ref": "#/components/schemas/BatchGetOrCreateRequestDto"}}}},
    "responses": {
     "200": {
      "description": "What became of each, in the order of the request",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/OutcomesResponseDto"}}}},
     "400": {
      "description": "The request is wrong, or does not fit the item's state",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponseDto"}}}},
     "401": {
      "description": "No token, or none that is good",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponseDto"}}}},
     "403": {
      "description": "Not this user's token, or refused by a hook",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponseDto"}}}},
     "429": {
      "description": "Too many requests; Retry-After says for how long",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ServerErrorResponseDto"}}}}}}},
  "/v1/items/{itemId}/dismissals": {
   "post": {
    "operationId": "dismissForUsers",
    "tags": ["Extensions"],
    "summary": "Dismisses one item for up to 1000 users",
    "parameters": [
     {
      "name": "itemId",
      "in": "path",
      "required": true,
      "description": "Which item",
      "schema": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[A-Za-z0-9_-]+$"}}],
    "requestBody": {
     "required": true,
     "content": {"application/json": {"schema": {"$ref": "#/components/schemas/AudienceRequestDto"}}}},
    "responses": {
     "200": {
      "description": "What became of each, in the order of the request",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/OutcomesResponseDto"}}}},
     "400": {
      "description": "The request is wrong, or does not fit the item's state",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponseDto"}}}},
     "401": {
      "description": "No token, or none that is good",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponseDto"}}}},
     "403": {
      "description": "Not this user's token, or refused by a hook",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponseDto"}}}},
     "429": {
      "description": "Too many requests; Retry-After says for how long",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ServerErrorResponseDto"}}}}}}}},
 "components": {
  "schemas": {
   "DismissibleItemResponseDto": {
    "properties": {
     "dismissedUntil": {
      "type": "string",
      "format": "date-time",
      "description": "Of a dismissal for a while: when it ends"},
     "expiresAt": {"type": "string", "format": "date-time", "description": "When the item is forgotten"},
     "dismissCount": {"type": "number", "description": "How often it was dismissed, where that is counted"},
     "seenCount": {"type": "number", "description": "How often it was counted as shown"}}},
   "SnoozeRequestDto": {
    "type": "object",
    "description": "Dismisses for a while: one of the two",
    "properties": {
     "forSeconds": {"type": "integer", "minimum": 1},
     "until": {"type": "string", "format": "date-time"}}},
   "DismissManyRequestDto": {
    "type": "object",
    "properties": {
     "items": {"type": "array", "minItems": 1, "maxItems": 50, "items": {"type": "string"}},
     "forSeconds": {"type": "integer", "minimum": 1},
     "until": {"type": "string", "format": "date-time"}},
    "required": ["items"]},
   "AudienceRequestDto": {
    "type": "object",
    "properties": {
     "users": {"type": "array", "minItems": 1, "maxItems": 1000, "items": {"type": "string"}},
     "forSeconds": {"type": "integer", "minimum": 1},
     "until": {"type": "string", "format": "date-time"}},
    "required": ["users"]},
   "OutcomeDto": {
    "type": "object",
    "description": "The item; or its id, or the user's, and the error",
    "properties": {
     "itemId": {"type": "string"},
     "userId": {"type": "string"},
     "createdAt": {"type": "string"},
     "dismissedAt": {"type": "string"},
     "error": {
      "type": "object",
      "properties": {"message": {"type": "string"}, "code": {"type": "number"}},
      "required": ["message", "code"]}}},
   "OutcomesResponseDto": {
    "type": "object",
    "properties": {"data": {"type": "array", "items": {"$ref": "#/components/schemas/OutcomeDto"}}},
    "required": ["data"]},
   "ListResponseDto": {
    "type": "object",
    "properties": {
     "data": {"type": "array", "items": {"$ref": "#/components/schemas/DismissibleItemResponseDto"}},
     "nextCursor": {"type": "string", "description": "Absent: this was the last page"},
     "unreadable": {
      "type": "array",
      "description": "Ids of records that cannot be read",
      "items": {"type": "string"}}},
    "required": ["data"]},
   "EraseResponseDto": {
    "type": "object",
    "properties": {
     "data": {"type": "object", "properties": {"erased": {"type": "number"}}, "required": ["erased"]}},
    "required": ["data"]},
   "RestoreAllResponseDto": {
    "type": "object",
    "properties": {
     "data": {"type": "object", "properties": {"restored": {"type": "number"}}, "required": ["restored"]}},
    "required": ["data"]},
   "CountsResponseDto": {
    "type": "object",
    "properties": {
     "data": {
      "type": "object",
      "properties": {"active": {"type": "number"}, "dismissed": {"type": "number"}},
      "required": ["active", "dismissed"]}},
    "required": ["data"]}}}})json";

const std::string_view token_description = R"json({
 "security": [{"bearer": []}],
 "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}}})json";

// clang-format on

}  // namespace dynakeep::services::dismissals
