// Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
//
// The schema engine is the one in WebAssembly that the package has, so nothing is downloaded.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { step } from './steps.mjs';

const modules = process.env.NODE_MODULES;
const dir = mkdtempSync(join(modules, '..', 'prisma.'));
writeFileSync(join(dir, 'prisma.config.ts'), `
import { defineConfig } from 'prisma/config';
import { PrismaPg } from '@prisma/adapter-pg';
import Result from 'pg/lib/result.js';

// The adapter does not know the types "name" and "char" of the catalogs.
const addFields = Result.prototype.addFields;
Result.prototype.addFields = function (fields) {
  for (const field of fields) if ([18, 19].includes(field.dataTypeID)) field.dataTypeID = 25;
  return addFields.call(this, fields);
};
export default defineConfig({ experimental: { adapter: true }, engine: 'js', schema: 'schema.prisma',
  adapter: async () => new PrismaPg({ host: process.env.PGHOST, port: Number(process.env.PGPORT),
    user: process.env.PGUSER, database: 'postgres' }) });
`);
const schema = (models) => writeFileSync(join(dir, 'schema.prisma'), `
datasource db {
  provider = "postgresql"
  url      = env("DATABASE_URL")
}
${models}
`);
function push() {
  const none = '/bin/true'; // engines that are not needed, and would be downloaded
  const said = spawnSync(process.execPath,
    [join(modules, 'prisma', 'build', 'index.js'), 'db', 'push', '--skip-generate', '--accept-data-loss'],
    { cwd: dir, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env,
      DATABASE_URL: 'postgresql://x@x/x', CHECKPOINT_DISABLE: '1', PRISMA_QUERY_ENGINE_LIBRARY: none,
      PRISMA_QUERY_ENGINE_BINARY: none, PRISMA_SCHEMA_ENGINE_BINARY: none } });
  const words = said.stdout + said.stderr;
  if (said.status !== 0) throw new Error(/Error: (.*)/.exec(words)?.[1] ?? words);
  return /already in sync/.test(words) ? 'no difference' : 'ok';
}

const only = 'model Only {\n  id String @id\n}';
const item = (more) => `model Item {\n  id   String @id\n  name String\n${more}}`;
schema(only);
await step('prisma', 'db push, a key and nothing else', push);
await step('prisma', 'once more', push);
schema(`${only}\n${item('')}`);
await step('prisma', 'a key and a column', push);
await step('prisma', 'once more', push);
schema(`${only}\n${item('\n  @@index([name])\n')}`);
await step('prisma', 'an index', push);
rmSync(dir, { recursive: true });
