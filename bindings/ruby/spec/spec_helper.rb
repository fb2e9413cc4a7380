# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

require "aurora_dsql_pg"
require "logger"
require "stringio"

HOST = "mycluster.dsql.us-east-1.on.aws"
CLUSTER_ID = "ijsamhssbh36dopuigphknejb4"

# Has the methods of the AWS SDK's Aws::Credentials.
SomeCredentials = Struct.new(:access_key_id, :secret_access_key, :session_token)

# Stands in for PG: it connects to no server and records the statements.
class FakePG
  class Connection
    attr_reader :statements, :parameters, :state
    attr_accessor :transaction_status, :status

    # These return the old value, as in PG::Connection.
    %i[error_verbosity error_context_visibility].each do |name|
      define_method(:"set_#{name}") { |value| @state[name].tap { @state[name] = value } }
    end
    %i[notice_receiver notice_processor].each do |name|
      define_method(:"set_#{name}") { |&block| @state[name].tap { @state[name] = block } }
    end
    %i[type_map_for_results type_map_for_queries encoder_for_put_copy_data decoder_for_get_copy_data
       field_name_type].each do |name|
      define_method(name) { @state[name] }
      define_method(:"#{name}=") { |value| @state[name] = value }
    end

    def parameter_status(name)
      @parameters[name]
    end

    def initialize
      @statements = []
      @parameters = {}
      @state = {}
      @transaction_status = PG::PQTRANS_IDLE
      @status = PG::CONNECTION_OK
      @finished = false
    end

    def exec(sql)
      @statements << sql
      case sql.b
      when /\ABEGIN/ then @transaction_status = PG::PQTRANS_INTRANS
      when /\A(COMMIT|ROLLBACK)/ then return end_transaction(sql)
      end
      nil
    end

    def consume_input; end

    def send_query(sql)
      @answer = exec(sql)
    end

    def block(_timeout)
      true
    end

    def get_last_result
      @answer
    end

    def finished?
      @finished
    end

    def close
      @finished = true
    end

    private

    def end_transaction(sql)
      tag = @transaction_status == PG::PQTRANS_INERROR ? "ROLLBACK" : sql
      @transaction_status = PG::PQTRANS_IDLE
      Struct.new(:cmd_status).new(tag)
    end
  end
end

# A PG::Error with the SQLSTATE of a server's error.
class FakeServerError < PG::Error
  def initialize(sqlstate, message)
    super(message)
    @sqlstate = sqlstate
  end

  def result
    sqlstate = @sqlstate
    Class.new { define_method(:error_field) { |_| sqlstate } }.new
  end
end

RSpec.configure do |config|
  config.expect_with(:rspec) { |c| c.syntax = :expect }
  config.mock_with(:rspec) { |m| m.verify_partial_doubles = true }
  config.order = :random
  # No test depends on the machine's environment or files.
  config.around do |example|
    saved = ENV.to_h
    AuroraDsql::Pg::CredentialProvider.reset
    unless example.metadata[:cluster]
      %w[AWS_REGION AWS_DEFAULT_REGION AWS_PROFILE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
         AWS_SESSION_TOKEN PGPORT PGHOSTADDR PGSSLROOTCERT].each { |name| ENV.delete(name) }
      ENV["AWS_EC2_METADATA_DISABLED"] = "true"
      ENV["HOME"] = "/nonexistent"
    end
    example.run
  ensure
    ENV.replace(saved)
  end
  config.filter_run_excluding(:cluster) unless ENV["CLUSTER_ENDPOINT"]
end
