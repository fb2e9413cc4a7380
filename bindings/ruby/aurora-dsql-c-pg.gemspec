# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

require_relative "lib/aurora_dsql/pg/version"

Gem::Specification.new do |spec|
  spec.name = "aurora-dsql-c-pg"
  spec.version = AuroraDsql::Pg::GEM_VERSION
  spec.authors = ["the dsql-c authors"]
  spec.license = "Apache-2.0"
  spec.summary = "Amazon Aurora DSQL for ruby-pg, based on the C library libdsql"
  spec.description = "A drop-in replacement for aurora-dsql-ruby-pg that does not need the AWS SDK. It " \
                     "provides IAM tokens, verified TLS, a connection pool and transactions that are " \
                     "retried after a conflict, with plain PG::Connection objects."
  spec.required_ruby_version = ">= 3.1.0"
  spec.files = Dir["lib/**/*.rb", "ext/**/*.{c,rb}", "README.md"]
  spec.extensions = ["ext/aurora_dsql_pg/extconf.rb"]
  spec.require_paths = ["lib"]
  spec.metadata = { "rubygems_mfa_required" => "true" }

  spec.add_dependency "connection_pool", ">= 2.2", "< 4.0"
  spec.add_dependency "pg", "~> 1.4"
end
