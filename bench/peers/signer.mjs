// Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
//
// Tokens by AWS's own signer for JavaScript, in rounds that bench/run requests: a line "js COUNT" is
// answered with the nanoseconds of one token.
//
// usage: node signer.mjs NODE_MODULES
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const { DsqlSigner } = createRequire(process.argv[2] + "/x.js")("@aws-sdk/dsql-signer");
const signer = new DsqlSigner({
  hostname: "foo0bar1baz2quux3quuux4abc.dsql.us-east-1.on.aws",
  region: "us-east-1",
  credentials: { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEX" },
});

async function measure(count) {
  const start = process.hrtime.bigint();
  for (let i = 0; i < count; i++) {
    await signer.getDbConnectAdminAuthToken();
  }
  return Number(process.hrtime.bigint() - start) / count;
}

await measure(2000); // let the compiler of the JavaScript engine finish
console.log("ready");
for await (const line of createInterface({ input: process.stdin })) {
  console.log((await measure(Number(line.split(" ")[1]))).toFixed(3));
}
