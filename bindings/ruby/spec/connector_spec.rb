# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

require_relative "spec_helper"

RSpec.describe AuroraDsql::Pg do
  let(:conn) { FakePG::Connection.new }
  let(:given) { [] }

  before do
    allow(AuroraDsql::Pg::Token).to receive(:generate).and_return("token 1", "token 2", "token 3")
    allow(AuroraDsql::Pg::Connector).to receive(:pause)
  end

  # PG.connect fails with these messages, one after the other, and then succeeds.
  def server_that_says(*messages)
    allow(PG).to receive(:connect) do |params|
      given << params
      message = messages.shift
      raise PG::ConnectionBad, message if message

      conn
    end
  end

  it "connects from keywords, a string or a Config" do
    server_that_says
    expect(described_class.connect(host: HOST)).to be(conn)
    expect(described_class.connect("postgres://admin@#{HOST}/postgres")).to be(conn)
    expect(described_class.connect(AuroraDsql::Pg::Config.new(host: HOST))).to be(conn)
    expect(given.first).to include(host: HOST, user: "admin", dbname: "postgres",
                                   password: "token 1", sslmode: "verify-full")
  end

  it "makes one more token when the first is stale, and no third" do
    stale = "FATAL: unable to accept connection, access denied HINT: Signature expired: x"
    server_that_says(stale)
    expect(described_class.connect(host: HOST)).to be(conn)
    expect(given.map { |p| p[:password] }).to eq(["token 1", "token 2"])
    server_that_says(stale, stale)
    expect { described_class.connect(host: HOST) }.to raise_error(PG::ConnectionBad)
  end

  it "waits for a cluster that wakes up" do
    server_that_says("FATAL: unable to accept connection, waking up cluster, please retry later",
                     "FATAL: Unable to accept connection, rate exceeded.")
    expect(described_class.connect(host: HOST)).to be(conn)
  end

  it "does not repeat a refusal" do
    server_that_says("FATAL: unable to accept connection, access denied")
    expect { described_class.connect(host: HOST) }.to raise_error(PG::ConnectionBad)
    expect(given.size).to eq(1)
  end

  it "gives the parameters to those who connect themselves" do
    expect(described_class.params(host: HOST)).to include(password: "token 1", sslmode: "verify-full")
  end
end
