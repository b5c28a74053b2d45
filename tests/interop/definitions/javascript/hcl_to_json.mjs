// Prints what the Terraform file says, as JSON.
import { readFileSync } from 'node:fs';
import { parse } from '@cdktf/hcl2json';

console.log(JSON.stringify(await parse('tables.tf', readFileSync(process.argv[2], 'utf8'))));
