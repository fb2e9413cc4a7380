# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

require_relative "spec_helper"

RSpec.describe AuroraDsql::Pg::Refusal do
  def refusal(message)
    described_class.new(PG::ConnectionBad.new(message))
  end

  def denied(hint)
    refusal("connection to server at \"#{HOST}\" (10.0.0.1), port 5432 failed: " \
            "FATAL:  unable to accept connection, access denied\nHINT:  #{hint}\n")
  end

  EXPIRED_HINT = "Signature expired: 20241107T000000Z is now earlier than 20241107T001500Z " \
                 "(20241107T003000Z - 15 min.)"

  def advice(hint, now: Time.utc(2024, 11, 7, 0, 30))
    denied(hint).error(token_duration: 900, now: now).message.lines.last
  end

  it "knows what is worth one try with fresh credentials" do
    expect(denied(EXPIRED_HINT)).to be_expired
    expect(denied("Signature not yet current: x")).to be_expired
    expect(denied("The security token included in the request is expired")).to be_expired
    expect(denied("no policy allows it")).not_to be_expired
  end

  it "knows what passes by itself" do
    ["unable to accept connection, waking up cluster, please retry later",
     "Unable to accept connection, too many open connections.",
     "Unable to accept connection, rate exceeded.",
     "sorry, too many clients already"].each do |text|
      expect(refusal("FATAL:  #{text}\n")).to be_for_the_time
    end
    expect(denied("no policy allows it")).not_to be_for_the_time
  end

  it "believes the server only" do
    expect(refusal("could not translate host name \"rate exceeded\"")).not_to be_for_the_time
    expect(refusal("could not open \"Signature expired\"")).not_to be_expired
  end

  it "says by how much the clock is wrong" do
    expect(advice(EXPIRED_HINT, now: Time.utc(2024, 11, 7)))
      .to eq("The clock of this machine is 30 minutes behind that of AWS: set it right.")
    expect(advice(EXPIRED_HINT, now: Time.utc(2024, 11, 7, 0, 31, 30)))
      .to eq("The clock of this machine is 90 seconds ahead of that of AWS: set it right.")
    expect(advice(EXPIRED_HINT, now: Time.utc(2024, 11, 8))).to include("23 hours ahead")
  end

  it "does not blame a clock that is right" do
    expect(advice(EXPIRED_HINT)).to include("900 seconds (token_duration) are too few")
  end

  it "asks about the clock where the server does not tell its own" do
    ["Signature expired", "Signature expired: 20249907T000000Z 20249907T000000Z 20249907T000000Z"].each do |hint|
      expect(advice(hint)).to eq("Is the clock of this machine right?")
    end
  end

  it "tells an expired session apart" do
    expect(advice("The security token included in the request is expired"))
      .to eq("Renew the AWS credentials: their session is over.")
  end

  it "keeps the class and the server's words, and leaves other errors alone" do
    error = denied(EXPIRED_HINT).error(token_duration: 900)
    expect(error).to be_a(PG::ConnectionBad).and have_attributes(message: /access denied\nHINT:  Signature expired/)
    other = PG::ConnectionBad.new("FATAL:  no")
    expect(described_class.new(other).error(token_duration: 900)).to be(other)
  end
end
