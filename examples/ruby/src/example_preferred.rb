# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

# The recommended way to use the gem: a pool, transactions that are retried after a conflict, and
# queries on several threads.  The environment variable CLUSTER_ENDPOINT is the cluster's endpoint;
# CLUSTER_USER is the database role, "admin" by default.
require "aurora_dsql_pg"

NUM_CONCURRENT_QUERIES = 8

def example
  cluster_endpoint = ENV.fetch("CLUSTER_ENDPOINT") do
    raise "CLUSTER_ENDPOINT environment variable is not set"
  end
  cluster_user = ENV.fetch("CLUSTER_USER", "admin")
  # Only admin may create tables in the schema public.
  schema = cluster_user == "admin" ? "public" : "myschema"

  pool = AuroraDsql::Pg.create_pool(
    host: cluster_endpoint,
    user: cluster_user,
    pool: { size: 10 },
    occ_max_retries: 3,
    on_connect: ->(conn) { conn.exec("SET search_path = #{conn.escape_identifier(schema)}") }
  )

  pool.with { |conn| conn.exec("SELECT 1") }
  puts "Connected to Aurora DSQL"

  pool.transaction do |conn|
    conn.exec("CREATE TABLE IF NOT EXISTS example_items (id UUID DEFAULT gen_random_uuid() PRIMARY KEY, name TEXT)")
  end
  pool.transaction do |conn|
    conn.exec_params("INSERT INTO example_items (name) VALUES ($1)", ["test-item"])
  end
  puts "Transactional write completed"

  threads = NUM_CONCURRENT_QUERIES.times.map do |i|
    Thread.new do
      pool.with do |conn|
        result = conn.exec_params("SELECT $1::int AS worker_id", [i])
        puts "Worker #{i} result: #{result[0]['worker_id']}"
      end
    end
  end
  threads.each(&:join)
  puts "Connection pool with concurrent connections exercised successfully"
ensure
  pool&.shutdown
end

example if __FILE__ == $PROGRAM_NAME
