// Compiles the TypeScript file with the CDK's own types, calls every function that it exports on a stack, and prints
// the CloudFormation template that this comes to.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';

const [file, compiled] = process.argv.slice(2);
const program = ts.createProgram([file], {
  target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022, moduleResolution: ts.ModuleResolutionKind.Bundler,
  strict: true, skipLibCheck: true, types: [], outDir: compiled,
});
const emitted = program.emit();
const problems = [...ts.getPreEmitDiagnostics(program), ...emitted.diagnostics];
assert.deepEqual(problems.map((each) => ts.flattenDiagnosticMessageText(each.messageText, '\n')), []);

const source = readFileSync(`${compiled}/tables.js`, 'utf8');
assert.ok(source.length > 0);
const tables = await import(`${compiled}/tables.js`);
const stack = new Stack(new App(), 'Stack');
for (const add of Object.values(tables)) add(stack);
console.log(JSON.stringify(Template.fromStack(stack).toJSON()));
