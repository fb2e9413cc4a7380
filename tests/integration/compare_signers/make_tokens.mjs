// Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
//
// Tokens by AWS's own signer for JavaScript, for compare_signers.c.  DSQL_TEST_NODE_MODULES is the
// node_modules folder that has @aws-sdk/dsql-signer.  Exits with 77 (skipped) if it is not there.
import { createRequire } from "node:module";
import { join } from "node:path";

const COUNT = 300;
const REGIONS = ["us-east-1", "us-west-2", "eu-central-1", "ap-northeast-1", "us-gov-west-1"];
const LIVES = [1, 60, 900, 3600, 604799, 604800];

function loadSigner() {
  const modules = process.env.DSQL_TEST_NODE_MODULES;
  try {
    return createRequire(join(modules, "x.js"))("@aws-sdk/dsql-signer").DsqlSigner;
  } catch {
    console.error("skipped: @aws-sdk/dsql-signer is not in " + modules);
    process.exit(77);
  }
}

// The same samples in every run (Numerical Recipes' linear congruential generator).
let seed = 20241107;
function below(limit) {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return Math.floor((seed / 2 ** 32) * limit);
}
const pick = (list) => list[below(list.length)];
const text = (alphabet, length) => Array.from({ length }, () => pick(alphabet)).join("");

const LOWER = "abcdefghijklmnopqrstuvwxyz234567";
const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const PUNCTUATION = "!\"#$%&'()*,-.:;<=>?@[]^_`{|}~";

function sample() {
  const region = pick(REGIONS);
  const sessionLength = pick([0, 1, 16, 400, 1500, 8000]);
  return {
    host: `${text(LOWER, 26)}.dsql.${region}.on.aws`,
    region,
    action: pick(["DbConnect", "DbConnectAdmin"]),
    key: "ASIA" + text(BASE64.slice(0, 26), 16),
    secret: text(BASE64 + PUNCTUATION, 40),
    session: text(BASE64 + pick(["", "=", PUNCTUATION]), sessionLength),
    seconds: pick(LIVES),
  };
}

async function sign(Signer, s) {
  const signer = new Signer({
    hostname: s.host,
    region: s.region,
    expiresIn: s.seconds,
    credentials: {
      accessKeyId: s.key,
      secretAccessKey: s.secret,
      ...(s.session === "" ? {} : { sessionToken: s.session }),
    },
  });
  return s.action === "DbConnectAdmin"
    ? signer.getDbConnectAdminAuthToken()
    : signer.getDbConnectAuthToken();
}

const Signer = loadSigner();
for (let i = 0; i < COUNT; i++) {
  const s = sample();
  const token = await sign(Signer, s);
  const fields = [token, s.host, s.region, s.action, s.key, s.secret, s.session, s.seconds];
  process.stdout.write(fields.join("\t") + "\n");
}
