// Checks what an operator wrote against a schema of ours, and fills in the defaults. The schema is compiled when it is first asked
// for: no program reads all settings that there are. It says what is wrong in ajv's words; its callers find their own.

import { Ajv, type ErrorObject } from 'ajv';

/** What is wrong with `input`; nothing: it is as the schema has it. Puts defaults into it. */
export type SchemaCheck = (input: unknown) => readonly ErrorObject[];

/** The check of a schema that is ours: that it is one, a test has found out and no program asks again. */
export function schemaCheck(schema: object): SchemaCheck {
  let validate: ReturnType<Ajv['compile']> | undefined;
  return (input) => {
    validate ??= new Ajv({ allErrors: true, useDefaults: true, meta: false, validateSchema: false }).compile(schema);
    return validate(input) ? [] : validate.errors ?? [];
  };
}
