// Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { indexAsync, sql, step } from './steps.mjs';

const modules = process.env.NODE_MODULES;
const dir = mkdtempSync(join(modules, '..', 'drizzle.'));
const schema = (more) => writeFileSync(join(dir, 'schema.ts'), `
import { integer, pgTable, text, uuid } from 'drizzle-orm/pg-core';
export const items = pgTable('drizzle_items', { id: uuid().primaryKey(), name: text().notNull()${more} });
`);
writeFileSync(join(dir, 'drizzle.config.ts'), `
export default { dialect: 'postgresql', schema: './schema.ts', out: './out', tablesFilter: ['drizzle_*'],
  dbCredentials: { host: '${process.env.PGHOST}', port: ${process.env.PGPORT}, user: 'admin', database: 'postgres', ssl: false } };
`);
// Its words, without what it draws.
function kit(...command) {
  const said = spawnSync(process.execPath, [join(modules, 'drizzle-kit', 'bin.cjs'), ...command],
    { cwd: dir, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  const words = `${said.stdout}\n${said.stderr}`.replace(/\u001b\[[0-9;]*[A-Za-z]/g, '');
  const error = /^.*error: (.*)$/m.exec(words) ?? (said.status !== 0 && [, `exit status ${said.status}`]);
  if (error) throw new Error(error[1]);
}
// What push has made of the table.
async function push() {
  kit('push', '--force');
  const columns = await sql(`SELECT attname FROM pg_attribute
    WHERE attrelid = 'drizzle_items'::regclass AND attnum > 0 ORDER BY attnum`);
  const indexes = await sql(`SELECT indexname FROM pg_indexes WHERE tablename = 'drizzle_items' ORDER BY 1`);
  return [...columns.map((c) => c.attname), ...indexes.map((i) => i.indexname)].join(' ');
}

schema('');
await step('drizzle-kit', 'push', push);
await step('drizzle-kit', 'push once more', push);
schema(', price: integer()');
await step('drizzle-kit', 'push, a column', push);
await step('drizzle-kit', 'an index ASYNC', () => indexAsync('CREATE INDEX ASYNC ON drizzle_items (price)'));
await step('drizzle-kit', 'push with the index', push);
await step('drizzle-kit', 'generate', () => void kit('generate', '--name', 'first'));
await step('drizzle-kit', 'migrate', () => void kit('migrate'));
rmSync(dir, { recursive: true });
