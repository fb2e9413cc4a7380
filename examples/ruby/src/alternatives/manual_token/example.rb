# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

# Without the connector: the program generates a token and uses it as the password of a plain
# PG::Connection.  The environment variables CLUSTER_ENDPOINT, REGION and CLUSTER_USER are required.
require "aurora_dsql_pg"

def create_connection(cluster_user, cluster_endpoint, region)
  # The token is valid for 15 minutes.  Generate a new one for each connection.
  token = AuroraDsql::Pg::Token.generate(
    host: cluster_endpoint, region: region, user: cluster_user, expires_in: 15 * 60
  )
  params = {
    host: cluster_endpoint,
    user: cluster_user,
    password: token,
    dbname: "postgres",
    port: Integer(ENV.fetch("PGPORT", "5432")),
    sslmode: "verify-full"
  }
  # Direct SSL negotiation (libpq 17+)
  params[:sslnegotiation] = "direct" if PG::library_version >= 170_000
  PG.connect(params)
end

def run_queries(conn)
  conn.transaction do
    conn.exec("CREATE TABLE IF NOT EXISTS owner (
      id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
      name VARCHAR(30) NOT NULL,
      city VARCHAR(80) NOT NULL,
      telephone VARCHAR(20)
    )")
  end
  conn.transaction do
    conn.exec_params("INSERT INTO owner(name, city, telephone) VALUES($1, $2, $3)",
                     ["John Doe", "Anytown", "555-555-0055"])
  end

  result = conn.exec("SELECT city FROM owner where name='John Doe'")
  raise "must have fetched a row" unless result.ntuples == 1
  raise "must have fetched right city" unless result[0]["city"] == "Anytown"

  conn.exec("DELETE FROM owner where name='John Doe'")
end

def main
  cluster_endpoint = ENV.fetch("CLUSTER_ENDPOINT", nil)
  region = ENV.fetch("REGION", nil)
  cluster_user = ENV.fetch("CLUSTER_USER", nil)

  raise "CLUSTER_ENDPOINT environment variable is not set" unless cluster_endpoint
  raise "REGION environment variable is not set" unless region
  raise "CLUSTER_USER environment variable is not set" unless cluster_user

  begin
    conn = create_connection(cluster_user, cluster_endpoint, region)
    conn.exec("SET search_path = myschema") if cluster_user != "admin"
    run_queries(conn)
    puts "Ruby test passed"
  rescue StandardError => e
    puts e.full_message
    puts "Ruby test failed"
    raise
  ensure
    conn&.close
  end
end

main if __FILE__ == $PROGRAM_NAME
