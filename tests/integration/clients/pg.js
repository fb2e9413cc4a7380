// Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
const { Client } = require('pg');

const url = process.env.DATABASE_URL;
const client = new Client(url === undefined ? {} : { connectionString: url });
client.connect()
  .then(() => client.query('SELECT current_user'))
  .then((result) => { console.log(result.rows[0].current_user); return client.end(); })
  .catch((error) => { console.error(error); process.exit(1); });
