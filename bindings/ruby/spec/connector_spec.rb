# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

require_relative "spec_helper"

RSpec.describe AuroraDsql::Pg do
  let(:conn) { FakePG::Connection.new }
  let(:attempts) { [] }

  before do
    allow(AuroraDsql::Pg::Token).to receive(:generate).and_return("token 1", "token 2", "token 3")
    allow(AuroraDsql::Pg::Connector).to receive(:pause)
  end

  # PG.connect fails with each of these messages in turn, and then succeeds.
  def stub_failures(*messages)
    allow(PG).to receive(:connect) do |params|
      attempts << params
      message = messages.shift
      raise PG::ConnectionBad, message if message

      conn
    end
  end

  it "connects from keywords, a string or a Config" do
    stub_failures
    expect(described_class.connect(host: HOST)).to be(conn)
    expect(described_class.connect("postgres://admin@#{HOST}/postgres")).to be(conn)
    expect(described_class.connect(AuroraDsql::Pg::Config.new(host: HOST))).to be(conn)
    expect(attempts.first).to include(host: HOST, user: "admin", dbname: "postgres",
                                   password: "token 1", sslmode: "verify-full")
  end

  it "makes a second token when the first has expired, but no third" do
    expired = "FATAL: unable to accept connection, access denied HINT: Signature expired: x"
    stub_failures(expired)
    expect(described_class.connect(host: HOST)).to be(conn)
    expect(attempts.map { |p| p[:password] }).to eq(["token 1", "token 2"])
    attempts.clear
    stub_failures(expired, expired)
    expect { described_class.connect(host: HOST) }
      .to raise_error(PG::ConnectionBad, /Signature expired: x\nCheck the clock of this machine/)
    expect(attempts.size).to eq(2)
    expect(AuroraDsql::Pg::Connector).not_to have_received(:pause)
  end

  it "drops the cached credentials when a signature has expired" do
    first = AuroraDsql::Pg::CredentialProvider.for_profile("dev")
    allow(first).to receive(:recently_created?).and_return(false)
    stub_failures("FATAL: access denied HINT: Signature expired: x")
    described_class.connect(host: HOST, profile: "dev")
    expect(AuroraDsql::Pg::CredentialProvider.for_profile("dev")).not_to be(first)
  end

  it "keeps cached credentials that were fetched just now" do
    first = AuroraDsql::Pg::CredentialProvider.for_profile("dev")
    stub_failures("FATAL: access denied HINT: Signature expired: x")
    described_class.connect(host: HOST, profile: "dev")
    expect(AuroraDsql::Pg::CredentialProvider.for_profile("dev")).to be(first)
  end

  it "retries while the cluster wakes up" do
    stub_failures("FATAL: unable to accept connection, waking up cluster, please retry later",
                     "FATAL: Unable to accept connection, rate exceeded.")
    expect(described_class.connect(host: HOST)).to be(conn)
  end

  it "waits longer after each attempt, until connect_timeout is over" do
    now = 1000.0
    waits = []
    allow(AuroraDsql::Pg::Connector).to receive(:now) { now }
    allow(AuroraDsql::Pg::Connector).to receive(:pause) { |seconds| waits << seconds; now += seconds }
    stub_failures(*["FATAL: waking up cluster"] * 1000)
    expect { described_class.connect(host: HOST, connect_timeout: 30) }.to raise_error(PG::ConnectionBad)
    expect(waits.sum).to be_between(20, 30)
    waits.zip([0.1, 0.2, 0.4, 0.8, 1.6, 3.2] + [5.0] * waits.size).each do |wait, most|
      expect(wait).to be_between(most / 2, most)
    end
    expect(attempts.map { |params| params[:connect_timeout].to_i }).to eq(attempts.map { |params| params[:connect_timeout].to_i }.sort.reverse)
    expect(attempts.first[:connect_timeout].to_i).to eq(30)
    expect(attempts.last[:connect_timeout]).to be_between(2, 6)
  end

  it "logs the reason for each retry" do
    log = StringIO.new
    stub_failures("FATAL: unable to accept connection, waking up cluster\nmore")
    described_class.connect(host: HOST, logger: Logger.new(log))
    expect(log.string).to match(/Connection failed temporarily, retrying \(wait 0\.\d+s\): FATAL: .*waking up cluster$/)
  end

  it "retries without a limit if connect_timeout is 0" do
    count = 0
    allow(AuroraDsql::Pg::Connector).to receive(:now) { count * 1000 }
    allow(PG).to receive(:connect) { (count += 1) > 20 ? conn : raise(PG::ConnectionBad, "FATAL: waking up cluster") }
    expect(described_class.connect(host: HOST, connect_timeout: 0)).to be(conn)
  end

  it "closes the connection if on_connect exits with throw" do
    stub_failures
    catch(:out) { described_class.connect(host: HOST, on_connect: ->(_) { throw :out }) }
    expect(conn).to be_finished
  end

  it "signs for the cluster that an interface endpoint leads to" do
    endpoint = "vpce-0abc-1.dsql-fnh4.eu-west-1.vpce.amazonaws.com"
    config = AuroraDsql::Pg::Config.new(host: endpoint, options: "-c amzn-cluster-id=#{CLUSTER_ID}").resolve
    expect(config).to have_attributes(host: endpoint, region: "eu-west-1",
                                      signed_host: "#{CLUSTER_ID}.dsql-fnh4.eu-west-1.on.aws")
    allow(AuroraDsql::Pg::Native).to receive(:params).and_return({})
    AuroraDsql::Pg::Connector.params(config)
    expect(AuroraDsql::Pg::Token).to have_received(:generate)
      .with(hash_including(host: config.signed_host, region: "eu-west-1"))
  end

  it "does not retry when access is denied" do
    stub_failures("FATAL: unable to accept connection, access denied")
    expect { described_class.connect(host: HOST) }.to raise_error(PG::ConnectionBad)
    expect(attempts.size).to eq(1)
  end

  it "returns parameters for programs that connect themselves" do
    expect(described_class.params(host: HOST)).to include(password: "token 1", sslmode: "verify-full")
  end
end
