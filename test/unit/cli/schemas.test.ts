// The schemas of settings are compiled without being checked themselves, since that costs a tenth of a second at each start: here they are.

import { Ajv } from 'ajv';
import { expect } from 'chai';
import { controllerSettingsSchema } from '../../../src/cli/controller/controller-settings.js';
import { engineProgramSchema } from '../../../src/cli/engine/engine-program-settings.js';
import { runSettingsSchema } from '../../../src/cli/run/run-settings-schema.js';
import { manifestSchema } from '../../../src/cli/sources/manifest-shape.js';
import { schemaCheck } from '../../../src/engine/schema-check.js';
import { settingsSchema } from '../../../src/engine/settings-schema.js';

describe('the schemas of settings', () => {
  for (const [name, schema] of Object.entries({ controllerSettingsSchema, engineProgramSchema, runSettingsSchema, manifestSchema, settingsSchema })) {
    it(`${name} is one`, () => {
      expect(() => new Ajv({ useDefaults: true }).compile(schema)).to.not.throw();
    });
  }

  it('are compiled when they are asked for, and then once', () => {
    const wrong = schemaCheck({ type: 'nothing that there is' });
    expect(() => wrong({})).to.throw();
    const check = schemaCheck({ type: 'object', required: ['a'], properties: { a: { type: 'integer' }, b: { type: 'integer', default: 7 } } });
    const input = { a: 1 };
    expect(check(input)).to.deep.equal([]);
    expect(input).to.deep.equal({ a: 1, b: 7 });
    expect(check({}).map(({ keyword }) => keyword)).to.deep.equal(['required']);
    expect(check({ a: 'x', b: 'y' }).map(({ instancePath }) => instancePath)).to.deep.equal(['/a', '/b']);
    expect(check({ a: 2 })).to.deep.equal([]);
  });
});
