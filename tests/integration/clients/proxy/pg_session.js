// Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
//
// usage: pg_session.js BASE
const { Pool } = require('pg');

const base = Number(process.argv[2]);
const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: 3 });

async function main() {
  const client = await pool.connect();
  await client.query('DELETE FROM notes WHERE id BETWEEN $1 AND $2', [base, base + 9]);
  await client.query('BEGIN');
  for (let i = 0; i < 5; i++) {
    await client.query({ name: 'add', text: 'INSERT INTO notes VALUES ($1, $2)', values: [base + i, `note ${i}`] });
  }
  await client.query('COMMIT');
  client.release();
  await Promise.all([...Array(30).keys()].map(async (i) => {
    const found = await pool.query({ name: 'find', text: 'SELECT body FROM notes WHERE id = $1', values: [base + i % 5] });
    if (found.rows[0].body !== `note ${i % 5}`) throw new Error(found.rows[0].body);
  }));
  const code = await pool.query('INSERT INTO notes VALUES ($1, $2)', [base, 'twice']).then(() => 'none', (error) => error.code);
  if (code !== '23505') throw new Error(code);
  const { rows } = await pool.query('SELECT current_user, count(*) FROM notes WHERE id BETWEEN $1 AND $2', [base, base + 9]);
  console.log(rows[0].current_user, rows[0].count);
  await pool.end();
}

main().catch((error) => { console.error(error); process.exit(1); });
