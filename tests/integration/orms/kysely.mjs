// Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
import { Kysely, Migrator, PostgresAdapter, PostgresDialect, sql as raw } from 'kysely';
import pg from 'pg';
import { indexAsync, sql, step } from './steps.mjs';

const migrations = {
  1: { up: (db) => db.schema.createTable('kysely_items')
    .addColumn('id', 'uuid', (c) => c.primaryKey().defaultTo(raw`gen_random_uuid()`))
    .addColumn('name', 'text', (c) => c.notNull()).execute() },
  2: { up: (db) => db.schema.alterTable('kysely_items').addColumn('price', 'integer').execute() },
};

// Neither advisory locks nor transactions around DDL.
class DsqlAdapter extends PostgresAdapter {
  get supportsTransactionalDdl() { return false; }
  async acquireMigrationLock() {}
  async releaseMigrationLock() {}
}
class DsqlDialect extends PostgresDialect {
  createAdapter() { return new DsqlAdapter(); }
}

async function migrate(Dialect, names, db = new Kysely({ dialect: new Dialect({ pool: new pg.Pool() }) })) {
  const provider = { getMigrations: async () =>
    Object.fromEntries(names.map((name) => [name, migrations[name]])) };
  const { error } = await new Migrator({ db, provider }).migrateToLatest();
  await db.destroy();
  if (error) throw error;
}

await step('kysely', 'first migration, as on PostgreSQL', () => migrate(PostgresDialect, [1]));
await step('kysely', 'first migration', () => migrate(DsqlDialect, [1]));
await step('kysely', 'second migration, a column', () => migrate(DsqlDialect, [1, 2]));
await step('kysely', 'an index ASYNC', () => indexAsync('CREATE INDEX ASYNC ON kysely_items (price)'));
await step('kysely', 'columns', async () => {
  const db = new Kysely({ dialect: new DsqlDialect({ pool: new pg.Pool() }) });
  const tables = await db.introspection.getTables();
  await db.destroy();
  return tables.find((t) => t.name === 'kysely_items').columns.map((c) => c.name).join(' ');
});
await step('kysely', 'what it has noted', async () =>
  (await sql('SELECT count(*) FROM kysely_migration'))[0].count);
