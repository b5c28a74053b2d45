#include "services/dismissals/description_page.h"

namespace dynakeep::services::dismissals {

namespace {

constexpr std::string_view head = R"html(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Dismissible</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
  details { border: 1px solid #bbb; border-radius: 4px; margin: .5rem 0; padding: .5rem .75rem; }
  summary { cursor: pointer; }
  summary b { display: inline-block; width: 4.5rem; }
  summary code { margin-right: 1rem; }
  label { display: block; margin: .5rem 0; }
  input, textarea { font: inherit; width: 100%; box-sizing: border-box; }
  pre { background: #f2f2f2; padding: .75rem; overflow: auto; }
</style>
</head>
<body>
)html";

constexpr std::string_view script = R"js("use strict";

const description = document.currentScript.dataset.description;

function make(name, text, ...children) {
  const element = document.createElement(name);
  if (text) element.textContent = text;
  element.append(...children);
  return element;
}

function field(form, name, hint, tag = "input") {
  const input = make(tag);
  input.name = name;
  form.append(make("label", `${name}: ${hint}`, input));
  return input;
}

function resolve(api, schema) {
  return schema.$ref ? api.components.schemas[schema.$ref.split("/").pop()] : schema;
}

function addressOf(path, parameters, inputs) {
  const query = new URLSearchParams();
  let address = path;
  for (const { name, in: place } of parameters) {
    const value = inputs.get(name).value;
    if (place === "path") address = address.replace(`{${name}}`, encodeURIComponent(value));
    else if (value) query.set(name, value);
  }
  return query.size ? `${address}?${query}` : address;
}

function show(api, path, method, operation, token) {
  const details = make("details");
  details.append(make("summary", "", make("b", method.toUpperCase()), make("code", path),
                      operation.summary));
  const form = make("form");
  const inputs = new Map();
  const parameters = operation.parameters || [];
  for (const { name, description: hint } of parameters) inputs.set(name, field(form, name, hint || ""));
  const content = operation.requestBody && operation.requestBody.content["application/json"];
  let body = null;
  if (content) {
    const members = Object.keys(resolve(api, content.schema).properties || {}).join(", ");
    body = field(form, "body", `JSON with ${members}`, "textarea");
  }
  const answer = make("pre");
  answer.hidden = true;
  form.append(make("button", "Send"), answer);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const headers = {};
    if (token.value) headers.Authorization = `Bearer ${token.value}`;
    if (body && body.value) headers["Content-Type"] = "application/json";
    answer.hidden = false;
    try {
      const response = await fetch(addressOf(path, parameters, inputs), {
        method: method.toUpperCase(), headers, body: body && body.value ? body.value : undefined,
      });
      answer.textContent = `${response.status}\n${await response.text()}`;
    } catch (error) {
      answer.textContent = String(error);
    }
  });
  details.append(form);
  return details;
}

async function start() {
  const api = await (await fetch(description)).json();
  const token = make("input");
  token.autocomplete = "off";
  document.body.append(make("h1", `${api.info.title} ${api.info.version}`),
                       make("p", api.info.description),
                       make("label", "Token, if the service wants one", token));
  for (const [path, operations] of Object.entries(api.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      document.body.append(show(api, path, method, operation, token));
    }
  }
}

start().catch((error) => document.body.append(make("p", String(error))));
)js";

}  // namespace

std::string description_page(std::string_view path) {
  std::string page(head);
  page.append("<script src=\"/").append(path).append("/page.js\" data-description=\"/");
  page.append(path).append("-json\"></script>\n</body>\n</html>\n");
  return page;
}

std::string_view description_script() { return script; }

}  // namespace dynakeep::services::dismissals
