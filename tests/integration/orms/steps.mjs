// Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
//
// What the ORMs share: a step of a migration is a line, with what it answered.  A step that leaves nothing
// to say is "ok".
import pg from 'pg';

export async function step(orm, name, run) {
  let answer;
  try {
    answer = (await run()) ?? 'ok';
  } catch (error) {
    answer = `${error.code ?? error.original?.code ?? ''} ${error.message}`.trim();
  }
  console.log(`${orm}: ${name}: ${answer.replace(/\s+/g, ' ')}`);
}

// Statements of our own, each a transaction.
export async function sql(text) {
  const client = new pg.Client();
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

// An index is there when its job has ended.
export async function indexAsync(statement) {
  const [{ job_id: job }] = await sql(statement);
  const [{ succeeded }] = await sql(`CALL sys.wait_for_job('${job}')`);
  return succeeded ? 'ok' : 'the job has failed';
}
