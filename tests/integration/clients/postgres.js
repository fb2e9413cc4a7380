// Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
//
// It does not read PGSSLMODE.  It sends parameters of a URL that it does not know, such as
// sslrootcert, to the server.
const postgres = require('postgres');

const sql = postgres({ ssl: 'verify-full' });
sql`SELECT current_user`
  .then((rows) => { console.log(rows[0].current_user); return sql.end(); })
  .catch((error) => { console.error(error); process.exit(1); });
