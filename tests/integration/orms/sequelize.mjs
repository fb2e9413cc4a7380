// Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
import { DataTypes, Sequelize } from 'sequelize';
import { indexAsync, sql, step } from './steps.mjs';

const connect = (more) => new Sequelize({ dialect: 'postgres', logging: false, host: process.env.PGHOST,
  port: process.env.PGPORT, username: process.env.PGUSER, database: process.env.PGDATABASE, ...more });
const untouched = connect({});
await step('sequelize', 'as on PostgreSQL', () => untouched.authenticate());
await untouched.close();
const db = connect({ dialectOptions: { clientMinMessages: 'ignore' } });
const columns = { id: { type: DataTypes.UUID, primaryKey: true, defaultValue: Sequelize.literal('gen_random_uuid()') },
  name: { type: DataTypes.TEXT, allowNull: false } };
const options = { tableName: 'sequelize_items', timestamps: false };
const queries = db.getQueryInterface();

await step('sequelize', 'a model with an integer key', () =>
  db.define('counted', {}, { tableName: 'sequelize_counted', timestamps: false }).sync().then(() => 'ok'));
await step('sequelize', 'sync', () => db.define('items', columns, options).sync().then(() => 'ok'));
await step('sequelize', 'sync once more', () => db.define('items', columns, options).sync().then(() => 'ok'));
await step('sequelize', 'a column that is not null', () =>
  queries.addColumn('sequelize_items', 'weight', { type: DataTypes.INTEGER, allowNull: false }));
await step('sequelize', 'a column', () =>
  queries.addColumn('sequelize_items', 'price', { type: DataTypes.INTEGER }).then(() => 'ok'));
await step('sequelize', 'an index', () => queries.addIndex('sequelize_items', ['price']));
await step('sequelize', 'an index ASYNC', () => indexAsync('CREATE INDEX ASYNC ON sequelize_items (price)'));
await step('sequelize', 'sync with alter', () => db.define('items', { ...columns, price: { type: DataTypes.INTEGER } },
  options).sync({ alter: true }).then(() => 'ok'));
await step('sequelize', 'indexes', async () => (await queries.showIndex('sequelize_items'))
  .map((i) => `${i.name} (${i.fields.map((f) => f.attribute)}) primary ${i.primary}`).join(', '));
await step('sequelize', 'rows', async () => (await db.models.items.create({ name: 'a' })).name === 'a' ? 'ok' : 'lost');
await db.close();
// Sequelize leaves the connection open whose setting was refused, and Node waits for it.
process.exit();
