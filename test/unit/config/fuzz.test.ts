import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { formatError, parseConfig } from '../../../src/config/index.js';
import { anyText, runs } from './arbitrary.js';

it('any text gives a configuration or errors with positions inside it', () => {
  let valid = 0;
  fc.assert(
    fc.property(anyText, (text) => {
      const result = parseConfig(text, 'fuzz.yaml');
      if (result.ok) {
        valid++;
        return;
      }
      assert.ok(result.errors.length > 0);
      const body = text.replace(/^\ufeff/, '').split('\n');
      for (const error of result.errors) {
        const line = body[error.line - 1];
        assert.ok(line !== undefined, `line ${error.line} of ${body.length}`);
        assert.ok(error.column >= 1 && error.column <= [...line].length + 1, formatError(error));
        assert.match(formatError(error), /^fuzz\.yaml:\d+:\d+: [^\n]+ \(got [^\n]+\)$/);
      }
    }),
    runs('configuration', 5000),
  );
  process.stdout.write(`# ${valid} of them were valid\n`);
});
