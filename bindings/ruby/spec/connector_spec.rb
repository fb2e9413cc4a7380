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
    given.clear
    server_that_says(stale, stale)
    expect { described_class.connect(host: HOST) }
      .to raise_error(PG::ConnectionBad, /Signature expired: x\nIs the clock of this machine right\?/)
    expect(given.size).to eq(2)
    expect(AuroraDsql::Pg::Connector).not_to have_received(:pause)
  end

  it "doubts the cached credentials when a signature has expired" do
    first = AuroraDsql::Pg::CredentialProvider.for_profile("dev")
    allow(first).to receive(:fresh?).and_return(false)
    server_that_says("FATAL: access denied HINT: Signature expired: x")
    described_class.connect(host: HOST, profile: "dev")
    expect(AuroraDsql::Pg::CredentialProvider.for_profile("dev")).not_to be(first)
  end

  it "does not ask again for credentials that are fresh" do
    first = AuroraDsql::Pg::CredentialProvider.for_profile("dev")
    server_that_says("FATAL: access denied HINT: Signature expired: x")
    described_class.connect(host: HOST, profile: "dev")
    expect(AuroraDsql::Pg::CredentialProvider.for_profile("dev")).to be(first)
  end

  it "waits for a cluster that wakes up" do
    server_that_says("FATAL: unable to accept connection, waking up cluster, please retry later",
                     "FATAL: Unable to accept connection, rate exceeded.")
    expect(described_class.connect(host: HOST)).to be(conn)
  end

  it "waits longer each time, until the time to connect is over" do
    now = 1000.0
    waits = []
    allow(AuroraDsql::Pg::Connector).to receive(:now) { now }
    allow(AuroraDsql::Pg::Connector).to receive(:pause) { |seconds| waits << seconds; now += seconds }
    server_that_says(*["FATAL: waking up cluster"] * 1000)
    expect { described_class.connect(host: HOST, connect_timeout: 30) }.to raise_error(PG::ConnectionBad)
    expect(waits.sum).to be_between(20, 30)
    waits.zip([0.1, 0.2, 0.4, 0.8, 1.6, 3.2] + [5.0] * waits.size).each do |wait, most|
      expect(wait).to be_between(most / 2, most)
    end
    expect(given.map { |params| params[:connect_timeout].to_i }).to eq(given.map { |params| params[:connect_timeout].to_i }.sort.reverse)
    expect(given.first[:connect_timeout].to_i).to eq(30)
    expect(given.last[:connect_timeout]).to be_between(2, 6)
  end

  it "tells the logger what it waits for" do
    log = StringIO.new
    server_that_says("FATAL: unable to accept connection, waking up cluster\nmore")
    described_class.connect(host: HOST, logger: Logger.new(log))
    expect(log.string).to match(/Connection refused for the time being, trying again \(wait 0\.\d+s\): FATAL: .*waking up cluster$/)
  end

  it "waits for ever when libpq would" do
    tries = 0
    allow(AuroraDsql::Pg::Connector).to receive(:now) { tries * 1000 }
    allow(PG).to receive(:connect) { (tries += 1) > 20 ? conn : raise(PG::ConnectionBad, "FATAL: waking up cluster") }
    expect(described_class.connect(host: HOST, connect_timeout: 0)).to be(conn)
  end

  it "closes a connection that on_connect left by throwing" do
    server_that_says
    catch(:out) { described_class.connect(host: HOST, on_connect: ->(_) { throw :out }) }
    expect(conn).to be_finished
  end

  it "signs for the cluster behind an interface endpoint" do
    endpoint = "vpce-0abc-1.dsql-fnh4.eu-west-1.vpce.amazonaws.com"
    config = AuroraDsql::Pg::Config.new(host: endpoint, options: "-c amzn-cluster-id=#{CLUSTER_ID}").resolve
    expect(config).to have_attributes(host: endpoint, region: "eu-west-1",
                                      signed_host: "#{CLUSTER_ID}.dsql-fnh4.eu-west-1.on.aws")
    allow(AuroraDsql::Pg::Native).to receive(:params).and_return({})
    AuroraDsql::Pg::Connector.params(config)
    expect(AuroraDsql::Pg::Token).to have_received(:generate)
      .with(hash_including(host: config.signed_host, region: "eu-west-1"))
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
