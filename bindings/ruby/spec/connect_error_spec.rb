# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

require_relative "spec_helper"

RSpec.describe AuroraDsql::Pg::ConnectError do
  def connection_error(message)
    PG::ConnectionBad.new(message)
  end

  def access_denied(hint)
    connection_error("connection to server at \"#{HOST}\" (10.0.0.1), port 5432 failed: " \
                     "FATAL:  unable to accept connection, access denied\nHINT:  #{hint}\n")
  end

  def expired?(error)
    described_class.expired?(error)
  end

  def transient?(error)
    described_class.transient?(error)
  end

  EXPIRED_HINT = "Signature expired: 20241107T000000Z is now earlier than 20241107T001500Z " \
                 "(20241107T003000Z - 15 min.)"

  def advice(hint, now: Time.utc(2024, 11, 7, 0, 30))
    described_class.with_advice(access_denied(hint), token_duration: 900, now: now).message.lines.last
  end

  it "recognizes expired signatures and sessions" do
    expect(expired?(access_denied(EXPIRED_HINT))).to be true
    expect(expired?(access_denied("Signature not yet current: x"))).to be true
    expect(expired?(access_denied("The security token included in the request is expired"))).to be true
    expect(expired?(access_denied("no policy allows it"))).to be false
  end

  it "recognizes transient errors" do
    ["unable to accept connection, waking up cluster, please retry later",
     "Unable to accept connection, too many open connections.",
     "Unable to accept connection, rate exceeded.",
     "sorry, too many clients already"].each do |text|
      expect(transient?(connection_error("FATAL:  #{text}\n"))).to be true
    end
    expect(transient?(access_denied("no policy allows it"))).to be false
    expect(transient?(access_denied("#{EXPIRED_HINT} rate exceeded"))).to be false
  end

  it "ignores libpq's own messages" do
    expect(transient?(connection_error("could not translate host name \"rate exceeded\""))).to be false
    expect(expired?(connection_error("could not open \"Signature expired\""))).to be false
  end

  it "reports by how much the clock is wrong" do
    expect(advice(EXPIRED_HINT, now: Time.utc(2024, 11, 7)))
      .to eq("The clock of this machine is 30 minutes behind that of AWS: synchronize it (NTP).")
    expect(advice(EXPIRED_HINT, now: Time.utc(2024, 11, 7, 0, 31, 30)))
      .to eq("The clock of this machine is 90 seconds ahead of that of AWS: synchronize it (NTP).")
    expect(advice(EXPIRED_HINT, now: Time.utc(2024, 11, 8))).to include("23 hours ahead")
  end

  it "reports a token duration that is too short when the clock is correct" do
    expect(advice(EXPIRED_HINT))
      .to eq("The clock is correct, so token_duration (900 seconds) is too short.")
  end

  it "suggests a check of the clock when the server does not report its own time" do
    ["Signature expired", "Signature expired: 20249907T000000Z 20249907T000000Z 20249907T000000Z"].each do |hint|
      expect(advice(hint)).to eq("Check the clock of this machine (NTP).")
    end
  end

  it "suggests new credentials when their session has expired" do
    expect(advice("The security token included in the request is expired"))
      .to eq("Renew the AWS credentials: their session has expired.")
  end

  it "keeps the class and the server's message, and returns other errors unchanged" do
    error = described_class.with_advice(access_denied(EXPIRED_HINT), token_duration: 900)
    expect(error).to be_a(PG::ConnectionBad).and have_attributes(message: /access denied\nHINT:  Signature expired/)
    other = connection_error("FATAL:  no")
    expect(described_class.with_advice(other, token_duration: 900)).to be(other)
  end
end
